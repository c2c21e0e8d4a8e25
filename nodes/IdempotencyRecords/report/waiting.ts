import { NEVER_BEGAN } from '../../../lib/core/observe';
import type { ListedRecord } from '../../../lib/core/listing';
import { escaped, formatted } from './charts';
import type { KnownPlaces } from '../places';
import { executionUrl, placeOf } from '../places';

/** Of what waits, so many are shown: the report is a page and no archive. */
export const MOST_WAITING = 100;

/** What waits for somebody, oldest first: which request, since when, why, and what to do about it. */
export function waitingTable(
	waiting: readonly ListedRecord[],
	total: number,
	places: KnownPlaces,
): string {
	if (waiting.length === 0) return '<p class="nothing">Nothing waits for you.</p>';
	const rows = waiting.map(({ identity, state, record }) => {
		const { href, label } = placeOf(record.namespace, places);
		const since = new Date(record.leaseUntil).toISOString().slice(0, 16).replace('T', ' ');
		const execution =
			record.executionId === ''
				? 'not started'
				: link(
						executionUrl(places.baseUrl, record.workflowId, record.executionId),
						record.executionId,
					);
		const began = state !== 'released';
		const why = began ? record.reason || 'The run was not heard of again' : NEVER_BEGAN;
		return [
			escaped(record.key || `${identity.slice(0, 12)}…`),
			link(href, label),
			`${since} UTC`,
			escaped(why),
			execution,
			began ? CHECK : SEND_AGAIN,
		];
	});
	const more =
		total > waiting.length
			? `<p class="nothing">${formatted(total - waiting.length)} more: see Idempotency Records, List.</p>`
			: '';
	const head = ['Request', 'Where', 'Since', 'Why', 'Execution', 'What to do'];
	return `<div class="wide"><table class="waiting"><thead><tr>${head.map((name) => `<th>${name}</th>`).join('')}</tr></thead><tbody>${rows
		.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
		.join('')}</tbody></table></div>${more}`;
}

const CHECK =
	'Check with the service that it called. Then <b>Idempotency Records</b>: <b>Resolve</b> if it acted, <b>Release</b> if it did not.';
const SEND_AGAIN = 'Nothing acted. Send the request to the webhook again.';

export function link(href: string | null, label: string): string {
	return href === null
		? escaped(label)
		: `<a href="${escaped(href)}" target="_blank" rel="noopener">${escaped(label)}</a>`;
}
