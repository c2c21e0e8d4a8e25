import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { storeHealth } from '../../shared/store-health';
import { statsProperties, statisticsFor } from '../statistics';
import type { TenantCounts } from '../counted-beside';
import { TEXT_TYPE, prometheusText } from '../prometheus';
import type { RecordsRun } from '../operation';
import { observedIn } from '../../../lib/core/statistics';
import { placeOf, placesOf } from '../places';
import { isoTime } from '../../../lib/guard/words';

export const properties: readonly INodeProperties[] = [
	...statsProperties,
	{
		displayName: 'Output',
		name: 'statsOutput',
		type: 'options',
		noDataExpression: true,
		default: 'items',
		description: 'What comes out',
		options: [
			{ name: 'By Day', value: 'items', description: 'An item for each day and namespace' },
			{
				name: 'By Tenant',
				value: 'tenants',
				description: 'An item for each day, namespace and tenant, of the first 200 tenants a day',
			},
			{
				name: 'Prometheus Text',
				value: 'prometheus',
				description: 'One item, whose "text" is what Prometheus scrapes',
			},
			{
				name: 'Store',
				value: 'store',
				description:
					'An item for each thing that the test of the credential finds: version, persistence, eviction, round trip, and what each means',
			},
		],
	},
];

/** One item for each day and namespace. What is unresolved is told as of now. */
export async function execute(run: RecordsRun, itemIndex: number): Promise<IDataObject[]> {
	const output = run.parameters.get<string>('statsOutput', itemIndex, 'items');
	if (output === 'store') {
		const findings = await storeHealth(run.context, run.opened.store.kind);
		return findings.map((finding) => ({ ...finding }));
	}
	const statistics = await statisticsFor(run, itemIndex);
	const { days, unresolved, examples } = statistics;
	if (output === 'prometheus')
		return [{ text: prometheusText(statistics), contentType: TEXT_TYPE }];
	if (output === 'tenants') return statistics.tenants.map(tenantItem);
	const places = await placesOf(
		run,
		days.map(({ namespace }) => namespace),
	);
	return days.map((day) => {
		const { label, href } = placeOf(day.namespace, places);
		const waiting = unresolved.get(day.namespace);
		return {
			day: day.day,
			where: label,
			namespace: day.namespace,
			new: day.new,
			retries: day.retries,
			duplicates: day.duplicates,
			conflicts: day.conflicts,
			conflictsByReason: { ...day.conflictsByReason },
			wouldHaveBlocked: observedIn(day),
			wouldHaveBlockedByReason: { ...day.observedByReason },
			wouldHaveBlockedExamples: examples
				.filter((each) => each.day === day.day && each.namespace === day.namespace)
				.map(({ reason, key, executionId, at }) => ({ reason, key, executionId, at })),
			missingKeys: day.missingKeys,
			bytes: day.bytes,
			unresolvedNow: waiting?.count ?? 0,
			oldestUnresolvedSince: isoTime(waiting?.oldestSince),
			nodeUrl: href,
		};
	});
}

function tenantItem({ day, namespace, tenant, counts }: TenantCounts): IDataObject {
	const { retry: retries = 0, new: fresh = 0, duplicate: duplicates = 0, ...more } = counts;
	return {
		day,
		namespace,
		tenant,
		new: fresh,
		retries,
		duplicates,
		conflictsByReason: more,
	};
}
