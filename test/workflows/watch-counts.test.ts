import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';

import {
	ActiveTrigger,
	javascript,
	node,
	records,
	startDownstream,
	webhook,
	workflow,
} from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, eventually, newKey } from './scenario';
import type { ChargeParts } from './scenario';

/** What Guards count beside the store: by tenant, for Prometheus, and by the minute for alarms. */

const n8n = engine();
let downstream: Downstream;
const active: ActiveTrigger[] = [];
beforeAll(async () => {
	downstream = await startDownstream();
});
afterEach(async () => {
	for (const each of active.splice(0)) await each.close();
});
afterAll(async () => await downstream.close());

let namespaces = 0;
const newNamespace = () => `counted-${++namespaces}`;
const run = async (item: INodeExecutionData, namespace: string, options: IDataObject = {}) => {
	const guard = { options: { scope: 'custom', namespace, ...options } } as ChargeParts['guard'];
	return await n8n.run(chargeWorkflow(downstream.url, { guard }), { triggerItems: [item] });
};

async function stats(namespace: string, output: string): Promise<IDataObject[]> {
	const parameters: INode['parameters'] = {
		operation: 'stats',
		workflows: 'all',
		statsOutput: output,
		options: { namespace },
	};
	const flow = workflow({
		id: 'counting',
		nodes: [webhook('Start'), records('Records', parameters)],
	});
	return (await n8n.run(flow, { triggerItems: [{ json: {} }] })).json('Records');
}

test('counts by tenant: requests, and what was refused', async () => {
	const namespace = newNamespace();
	const key = newKey();
	const of = (tenant: string) => ({ tenant, tenantMode: 'bind' });
	await run(delivery(key), namespace, of('acme'));
	await run(delivery(key), namespace, of('acme'));
	await run(delivery(key), namespace, of('globex'));
	expect(await stats(namespace, 'tenants')).toMatchObject([
		{ namespace, tenant: 'acme', new: 1, duplicates: 1, conflictsByReason: {} },
		{ namespace, tenant: 'globex', new: 0, conflictsByReason: { tenant_mismatch: 1 } },
	]);
});

test.each(['error', 'conflict', 'continueUnprotected'])(
	'a request without a key is counted, whatever becomes of it: %s',
	async (onMissingKey) => {
		const namespace = newNamespace();
		await run({ json: { body: { key: newKey() } } }, namespace, { onMissingKey });
		expect(await stats(namespace, 'items')).toMatchObject([{ new: 0, missingKeys: 1 }]);
	},
);

test('as text for Prometheus: each metric once with its type, and labels that no name can break', async () => {
	const namespace = newNamespace();
	const key = newKey();
	const tenant = { tenant: 'a "quoted"\\ one' };
	await run(delivery(key), namespace, tenant);
	await run(delivery(key), namespace, tenant);
	const [{ text, contentType } = {}] = await stats(namespace, 'prometheus');
	expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
	const lines = String(text).split('\n');
	expect(lines).toContain(`idempotency_requests_total{namespace="${namespace}",outcome="new"} 1`);
	expect(lines).toContain(
		`idempotency_tenant_requests_total{namespace="${namespace}",tenant="a \\"quoted\\"\\\\ one",outcome="duplicate"} 1`,
	);
	const types = lines.filter((line) => line.startsWith('# TYPE'));
	expect(new Set(types).size).toBe(types.length);
	for (const line of lines.filter((each) => each !== '' && !each.startsWith('#'))) {
		expect(line).toMatch(/^idempotency_[a-z_]+\{([a-z]+="(\\.|[^"\\\n])*",?)+\} \d+(\.\d+)?$/);
	}
	expect(String(text).endsWith('\n')).toBe(true);
});

const alarm = (namespace: string, more: IDataObject): INode =>
	node('On Too Many', 'n8n-nodes-idempotency.idempotencyTrigger', {
		store: 'embedded',
		startOn: 'threshold',
		checkEverySeconds: 1,
		...more,
		options: { namespace },
	} as INode['parameters']);

async function activate(namespace: string, more: IDataObject): Promise<ActiveTrigger> {
	const nodes = [alarm(namespace, more), javascript('Handle', (items) => items)];
	const trigger = await ActiveTrigger.activate(n8n, workflow({ id: 'alarm', nodes }));
	active.push(trigger);
	return trigger;
}

const told = (trigger: ActiveTrigger) => trigger.emitted.flat().map(({ json }) => json);

test('an alarm is told once, also after a restart, and when it is over', async () => {
	const namespace = newNamespace();
	const key = newKey();
	const duplicates = { counted: 'duplicates', threshold: 2, minutes: 1440 };
	const trigger = await activate(namespace, duplicates);
	await run(delivery(key), namespace);
	for (let n = 0; n < 2; n++) await run(delivery(key), namespace);
	const quiet = trigger.emitted.length;
	await run(delivery(key), namespace);
	await eventually(() => trigger.emitted.length > quiet);
	expect(told(trigger)).toEqual([
		{
			event: 'threshold_exceeded',
			what: 'duplicates',
			namespace,
			count: 3,
			threshold: 2,
			minutes: 1440,
		},
	]);
	await run(delivery(key), namespace);
	await trigger.close();
	// After a restart it is known that this was told: the next that is heard is its end.
	const again = await activate(namespace, { ...duplicates, threshold: 1_000 });
	await eventually(() => again.emitted.length > 0);
	expect(told(again)).toMatchObject([{ event: 'threshold_over', namespace, count: 4 }]);
	const others = await activate(newNamespace(), duplicates);
	expect(told(others)).toEqual([]);
});

test('a threshold that cannot work is refused when the workflow is published', async () => {
	await expect(activate(newNamespace(), { minutes: 2_000 })).rejects.toThrow(
		'"Within (Minutes)" from 1 to 1440',
	);
});
