import type { Blocked } from '../../../lib/core/store';
import type { DayStatistics } from '../../../lib/core/statistics';
import type { ObservedExample } from '../counted-beside';
import type { KnownPlaces } from '../places';
import { placeOf } from '../places';
import { barChart, escaped } from './charts';
import { link } from './waiting';

const REASONS: Readonly<Record<Blocked, string>> = {
	duplicate: 'Duplicate',
	missing_key: 'No key',
	signature_refused: 'Signature refused',
	payload_mismatch: 'Different payload',
	in_progress: 'Still running',
	unknown_outcome: 'Outcome not known',
	retry_later: 'Too early for a retry',
	attempts_exhausted: 'Tried too often',
	budget_exhausted: 'Over the budget',
	stale_key: 'Too old',
	tenant_mismatch: "Somebody else's key",
	likely_duplicate: 'Same content, other key',
};

const MOST_EXAMPLES = 50;

/** How often each reason was met, the most frequent first. @param otherwise what is said where there was none */
export function reasonChart(
	title: string,
	counts: ReadonlyArray<DayStatistics['observedByReason']>,
	otherwise: string,
): string {
	const reasons = new Map<string, number>();
	for (const each of counts) {
		for (const [reason, count] of Object.entries(each)) {
			reasons.set(reason, (reasons.get(reason) ?? 0) + count);
		}
	}
	if (reasons.size === 0) return `<p class="nothing">${otherwise}</p>`;
	const rows = [...reasons]
		.sort(([, a], [, b]) => b - a)
		.map(([reason, value]) => ({ label: REASONS[reason as Blocked], value }));
	return barChart(title, 'conflicts', rows);
}

/** Only where something was watched. */
export function observedSection(
	days: readonly DayStatistics[],
	examples: readonly ObservedExample[],
	places: KnownPlaces,
): string {
	const counts = days.map(({ observedByReason }) => observedByReason);
	if (counts.every((each) => Object.keys(each).length === 0)) return '';
	const shown = new Set(days.map(({ namespace }) => namespace));
	const chart = reasonChart('Would have been blocked, by reason', counts, '');
	const rows = examples
		.filter(({ namespace }) => shown.has(namespace))
		.slice(-MOST_EXAMPLES)
		.map(({ namespace, reason, key, executionId, at }) => {
			const { href, label } = placeOf(namespace, places);
			const cells = [
				escaped(at.slice(0, 16).replace('T', ' ')),
				escaped(REASONS[reason as Blocked] ?? reason),
				escaped(key),
				link(href, label),
				escaped(executionId),
			];
			return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
		});
	const head = ['When (UTC)', 'Why', 'Key', 'Where', 'Execution'];
	const table =
		rows.length === 0
			? ''
			: `<div class="wide"><table><thead><tr>${head.map((name) => `<th>${name}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
	return `<section><h2>Would have been blocked (Observe Only)</h2>${chart}${table}</section>\n`;
}
