import type { INodeProperties } from 'n8n-workflow';

import type { DayStatistics, Unresolved } from '../../lib/core/statistics';
import { dayOfTime, nothingOn, statisticsOf, unresolvedIn } from '../../lib/core/statistics';
import { countsIn } from '../../lib/guard/watch-counts';
import { namespaceOf } from '../../lib/guard/scope';
import { ComplaintError } from '../../lib/guard/complaint';
import type { ObservedExample, TenantCounts } from './counted-beside';
import { countedBeside } from './counted-beside';
import type { RecordsRun } from './operation';
import { ownNamespaces } from './reach';

const DAY_MS = 24 * 3_600_000;
const MOST_DAYS = 400;

/** Of Stats and Report. */
export const statsProperties: readonly INodeProperties[] = [
	{
		displayName: 'Days',
		name: 'days',
		type: 'number',
		default: 30,
		typeOptions: { minValue: 1, maxValue: MOST_DAYS },
		description:
			'How many days to look back, today included (UTC). Redis keeps counters for 90 days, the other stores for 400.',
	},
];

export interface Statistics {
	readonly days: readonly DayStatistics[];
	readonly unresolved: ReadonlyMap<string, Unresolved>;
	/** The first of each kind a day. */
	readonly examples: readonly ObservedExample[];
	readonly tenants: readonly TenantCounts[];
	readonly fromDay: string;
	readonly toDay: string;
}

/** Counters of the days asked for. A namespace with something unresolved has a row at least for today. */
export async function statisticsFor(
	{ context, parameters, opened, own }: RecordsRun,
	itemIndex: number,
): Promise<Statistics> {
	const count = Number(parameters.get<unknown>('days', itemIndex, 30));
	if (!(count >= 1 && count <= MOST_DAYS)) {
		throw new ComplaintError({
			message: `"Days" must be from 1 to ${MOST_DAYS}`,
			description: 'Older counters are not kept.',
		});
	}
	const asked = String(parameters.get<unknown>('options.namespace', itemIndex, '') ?? '').trim();
	const namespace = asked === '' ? null : namespaceOf([asked]);
	await countsIn(opened.store).flush();
	const [counters, unresolved] = await Promise.all([
		opened.store.stats(),
		unresolvedIn(opened.store, own),
	]);
	if (!counters.ok) throw counters.error;
	if (!unresolved.ok) throw unresolved.error;
	const isSeen = own === null ? () => true : ownNamespaces(context, own, unresolved.answer.keys());
	const nowMs = counters.micros / 1000;
	const fromMs = nowMs - (Math.ceil(count) - 1) * DAY_MS;
	const beside = await countedBeside(opened.store, fromMs, nowMs);
	const rows = [...counters.answer, ...beside.rows].filter((row) => isSeen(row.namespace));
	const toDay = dayOfTime(nowMs);
	const fromDay = dayOfTime(fromMs);
	const days = statisticsOf(rows, { fromDay, namespace });
	const counted = new Set(days.map((day) => day.namespace));
	const waiting = [...unresolved.answer.keys()].filter(
		(each) => !counted.has(each) && (namespace === null || each === namespace),
	);
	return {
		days: [...days, ...waiting.sort().map((each) => nothingOn(toDay, each))],
		unresolved: unresolved.answer,
		examples: beside.examples.filter(
			(each) => isSeen(each.namespace) && (namespace === null || each.namespace === namespace),
		),
		tenants: beside.tenants.filter(
			(each) => isSeen(each.namespace) && (namespace === null || each.namespace === namespace),
		),
		fromDay,
		toDay,
	};
}
