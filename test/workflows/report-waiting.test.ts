import type { ListedRecord } from '../../lib/core/listing';
import { placeOf } from '../../nodes/IdempotencyRecords/places';
import { reportPage } from '../../nodes/IdempotencyRecords/report/page';
import { claim } from '../../lib/core/transitions';
import { claimRequest } from '../support/requests';

/** What the report says to the person who has to do something: names, links, what waits, and test runs apart. */

const NODE = '0b2a525f-6f0e-4c0e-9a55-0d7a5f3a0004';
const OWN = 'AbCdEfGh12345678';
const places = {
	baseUrl: 'https://n8n.example/',
	names: new Map<string, string>(),
	workflow: { id: OWN, name: 'Orders <1>', nodes: new Map([[NODE, 'Guard']]) },
};

test.each([
	[`${OWN}_${NODE}`, 'Orders <1> › Guard', `https://n8n.example/workflow/${OWN}/${NODE}`, false],
	[
		`ZyXwVuTs87654321_${NODE}`,
		'Workflow ZyXwVuTs87654321',
		`https://n8n.example/workflow/ZyXwVuTs87654321/${NODE}`,
		false,
	],
	[
		`test_${OWN}_${NODE}`,
		'Orders <1> › Guard',
		`https://n8n.example/workflow/${OWN}/${NODE}`,
		true,
	],
	['payments', 'payments', null, false],
	['test_payments', 'payments', null, true],
])('%s is told as %s', (namespace, label, href, isTestRun) => {
	expect(placeOf(namespace, places)).toEqual({ label, href, isTestRun });
});

const SINCE = Date.parse('2026-11-24T09:00:00Z');
function waitingAt(namespace: string, executionId: string): ListedRecord {
	const identity = 'ab'.repeat(32);
	const request = { identity, namespace, workflowId: OWN, executionId, key: '<order>' };
	const { next } = claim(null, claimRequest(request), { micros: SINCE * 1000, epoch: 0 });
	if (next === null || next.state === 'tombstone') throw new Error('it was granted');
	const reason = 'stopped at Charge: ETIMEDOUT';
	const record = { ...next, state: 'unknown' as const, leaseUntil: SINCE, reason };
	return { identity, state: 'unknown', record };
}

const day = (namespace: string) => ({
	day: '2026-11-24',
	namespace,
	new: 1,
	retries: 0,
	duplicates: 2,
	conflicts: 0,
	conflictsByReason: {},
	observedByReason: {},
	missingKeys: 0,
	bytes: 10,
});

test('what waits: which request, where, why, its execution, and what to do', () => {
	const real = `${OWN}_${NODE}`;
	const html = reportPage(
		{
			days: [day(real), day(`test_${real}`)],
			examples: [],
			tenants: [],
			unresolved: new Map([[real, { count: 1, oldestSince: SINCE }]]),
			fromDay: '2026-11-24',
			toDay: '2026-11-24',
		},
		{
			title: 'Report',
			store: 'This n8n Instance',
			madeAt: SINCE,
			places,
			waiting: [waitingAt(real, '42'), waitingAt(`test_${real}`, '43')],
		},
	);
	const [, waiting = ''] = html.split('What waits for you');
	expect(waiting).toContain('&lt;order&gt;');
	expect(waiting).toContain('Orders &lt;1&gt; › Guard');
	expect(waiting).toContain('stopped at Charge: ETIMEDOUT');
	expect(waiting).toContain(`https://n8n.example/workflow/${OWN}/executions/42`);
	expect(waiting).toContain('<b>Resolve</b> if it acted, <b>Release</b> if it did not');
	expect(html).not.toContain('/executions/43');
	const [production = '', testRuns = ''] = html.split('Test runs from the editor');
	expect(production.match(/Guard<\/a><\/td><td>1/g)).toHaveLength(1);
	expect(testRuns.match(/Guard<\/a><\/td><td>1/g)).toHaveLength(1);
});
