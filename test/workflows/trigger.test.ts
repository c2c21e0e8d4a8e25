import type { IDataObject, IExecuteFunctions, INode } from 'n8n-workflow';
import { claimRequest } from '../support/requests';
import { openStore } from '../../nodes/shared/open-store';
import { RedisServer } from '../support/redis-server';
import { ActiveTrigger, javascript, node, startDownstream, workflow } from '../support/engine';
import type { Downstream, WorkflowJson } from '../support/engine';
import { engine } from './nodes';
import { engineOn } from './on-redis';
import { chargeWorkflow, delivery, detailsOf, eventually, newKey, routed } from './scenario';

/** Idempotency Trigger in n8n's own trigger context: what it tells, once, and what becomes of events that nobody handled. */

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
const newNamespace = () => `trigger-${++namespaces}`;
const guarded = (namespace: string) =>
	chargeWorkflow(downstream.url, { guard: { options: { scope: 'custom', namespace } } });

/** A key whose run stopped without Commit after a timeout. */
async function unknown(namespace: string, key = newKey()): Promise<IDataObject> {
	downstream.nextFor(key, { status: 500 });
	return detailsOf(await n8n.run(guarded(namespace), { triggerItems: [delivery(key)] }), 'Guard');
}

const triggerNode = (namespace: string, more: IDataObject = {}): INode => {
	const { options, ...parameters } = more;
	return node('On Abandoned', 'n8n-nodes-idempotency.idempotencyTrigger', {
		store: 'embedded',
		checkEverySeconds: 1,
		...parameters,
		options: { namespace, graceSeconds: 0, ...(options as IDataObject) },
	} as INode['parameters']);
};

const handling = (
	namespace: string,
	more: IDataObject = {},
	handle: Parameters<typeof javascript>[1] = (items) => items,
): WorkflowJson =>
	workflow({
		id: 'reconcile',
		nodes: [triggerNode(namespace, more), javascript('Handle', handle)],
	});

async function activate(
	json: WorkflowJson,
	prepare?: (trigger: ActiveTrigger) => void,
	n8nOf = n8n,
): Promise<ActiveTrigger> {
	const trigger = await ActiveTrigger.activate(n8nOf, json, prepare);
	active.push(trigger);
	return trigger;
}

const told = (trigger: ActiveTrigger) => trigger.emitted.flat().map(({ json }) => json);
const pause = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

test('tells each abandoned claim once, with what is known, also what was there before', async () => {
	const namespace = newNamespace();
	const before = await unknown(namespace);
	const trigger = await activate(handling(namespace));
	await eventually(() => trigger.executions.length === 1);
	const [event] = told(trigger);
	expect(event).toMatchObject({
		event: 'abandoned',
		hash: before.hash,
		key: before.key,
		namespace,
		state: 'unknown',
		workflowId: 'workflow-1',
		attempts: 1,
		fence: before.fence,
		reason: expect.stringMatching(/500/),
		since: expect.stringMatching(/^\d{4}-.*Z$/),
		executionId: expect.stringMatching(/^\d+$/),
	});
	expect(JSON.stringify(event)).not.toMatch(/token|owner/i);
	const later = await unknown(namespace);
	await eventually(() => trigger.executions.length === 2);
	expect(told(trigger)[1]).toMatchObject({ hash: later.hash });
	await pause(2_500);
	expect(trigger.emitted).toHaveLength(2);
	expect(trigger.failures).toEqual([]);
});

test('tells of a run that was killed: its lease is over', async () => {
	const namespace = newNamespace();
	const { store } = await openStore({} as IExecuteFunctions, 'embedded');
	const identity = String((await unknown(newNamespace())).hash).replace(/^.{8}/, '00000000');
	await store.claim([claimRequest({ identity, namespace, leaseMs: 3_000, claimTimeoutMs: 3_000 })]);
	const [accepted] = await store.claim([
		claimRequest({
			identity: identity.replace(/^./, 'f'),
			namespace: `${namespace}-door`,
			pending: true,
			claimTimeoutMs: 3_000,
		}),
	]);
	expect(accepted?.ok).toBe(true);
	const trigger = await activate(handling(namespace));
	const door = await activate(handling(`${namespace}-door`));
	await pause(100);
	expect(trigger.emitted).toEqual([]);
	await eventually(() => trigger.executions.length === 1);
	expect(told(trigger)).toMatchObject([{ hash: identity, state: 'lapsed', started: true }]);
	await eventually(() => door.executions.length === 1);
	expect(told(door)).toMatchObject([{ state: 'released', started: false }]);
});

test('two main processes, and one after the other, tell each claim once', async () => {
	const namespace = newNamespace();
	const hashes = [];
	for (let n = 0; n < 12; n++) hashes.push((await unknown(namespace)).hash);
	const json = handling(namespace, { options: { maxItems: 5 } });
	const mains = await Promise.all([activate(json), activate(json), activate(json)]);
	const all = () => mains.flatMap((main) => told(main)).map(({ hash }) => hash);
	await eventually(() => all().length >= 12);
	await pause(1_500);
	expect(all().sort()).toEqual([...hashes].sort());
	for (const main of mains) await main.close();
	const next = await activate(json);
	await pause(1_500);
	expect(next.emitted).toEqual([]);
});

test('waits for one execution before it starts the next', async () => {
	const namespace = newNamespace();
	for (let n = 0; n < 2; n++) await unknown(namespace);
	let [running, most] = [0, 0];
	const slow = handling(namespace, { options: { maxItems: 1 } }, async (items) => {
		most = Math.max(most, ++running);
		await pause(1_500);
		running--;
		return items;
	});
	const trigger = await activate(slow);
	await eventually(() => trigger.executions.length === 2);
	expect(most).toBe(1);
	expect(trigger.emitted.map((items) => items.length)).toEqual([1, 1]);
});

test('tells again what an execution failed for, later, until one succeeds', async () => {
	const namespace = newNamespace();
	const { hash } = await unknown(namespace);
	let tries = 0;
	const failing = handling(namespace, { options: { tellAgainMinutes: 0.01 } }, (items) => {
		if (++tries < 3) throw new Error('The provider does not answer');
		return items;
	});
	const trigger = await activate(failing);
	await eventually(() => trigger.executions.length === 1);
	await pause(300);
	expect(trigger.executions).toHaveLength(1);
	await eventually(() => trigger.executions.length === 3);
	expect(told(trigger).map((each) => each.hash)).toEqual([hash, hash, hash]);
	await pause(1_500);
	expect(tries).toBe(3);
});

test('of a process that dies while it tells, the event is not lost: it is held, not told', async () => {
	const namespace = newNamespace();
	await unknown(namespace);
	const dying = await activate(handling(namespace), (trigger) => {
		trigger.beforeExecution = async () => await new Promise(() => undefined);
	});
	await eventually(() => dying.emitted.length === 1);
	await dying.close();
	const next = await activate(handling(namespace));
	await pause(1_200);
	// Held for 5 minutes: test/stores/suite-abandoned.ts sees it told after them.
	expect(next.emitted).toEqual([]);
	expect(next.failures).toEqual([]);
});

test('in the editor shows one claim, and leaves it to be told', async () => {
	const namespace = newNamespace();
	const { hash } = await unknown(namespace);
	await unknown(namespace);
	const json = handling(namespace);
	const shown = await ActiveTrigger.executeOnce(n8n, json);
	expect(shown).toHaveLength(1);
	expect(shown[0]?.json).toMatchObject({ event: 'abandoned', namespace });
	const trigger = await activate(json);
	await eventually(() => told(trigger).length === 2);
	expect(told(trigger).map((each) => each.hash)).toContain(hash);
});

test('in the editor waits for a claim where there is none', async () => {
	const namespace = newNamespace();
	const shown = ActiveTrigger.executeOnce(n8n, handling(namespace));
	await pause(200);
	const { hash } = await unknown(namespace);
	expect((await shown)[0]?.json).toMatchObject({ hash });
});

test('is refused with settings that can not work', async () => {
	await expect(activate(handling('x', { checkEverySeconds: 0 }))).rejects.toThrow(
		/"Check Every \(Seconds\)" must be from/,
	);
	await expect(activate(handling('x', { options: { maxItems: 0 } }))).rejects.toThrow(
		/"Max Items per Execution" must be from/,
	);
});

describe('on Redis', () => {
	const settings = { credentials: { idempotencyRedisApi: { id: '1', name: 'Redis' } } };
	const onRedis = (namespace: string): WorkflowJson => {
		const json = handling(namespace, { store: 'redis' });
		return {
			...json,
			nodes: json.nodes.map((each, i) => (i === 0 ? { ...each, ...settings } : each)),
		};
	};

	test('is not activated where Redis can not be asked, and says what to do', async () => {
		const nowhere = engineOn({ port: 1 } as RedisServer);
		await expect(activate(onRedis('x'), undefined, nowhere)).rejects.toThrow(/127\.0\.0\.1:1/);
	});

	test('tells, goes through an outage with one failed execution, and tells on', async () => {
		const server = await RedisServer.start();
		const namespace = newNamespace();
		const redis = engineOn(server);
		const json = chargeWorkflow(downstream.url, {
			guard: { store: 'redis', options: { scope: 'custom', namespace } },
			commit: { store: 'redis' },
			guardSettings: settings,
			commitSettings: settings,
		});
		const abandon = async () => {
			const key = newKey();
			downstream.nextFor(key, { status: 500 });
			const result = await redis.run(json, { triggerItems: [delivery(key)] });
			expect(routed(result)).toEqual([1, 0, 0, 0]);
		};
		const trigger = await activate(onRedis(namespace), undefined, redis);
		await abandon();
		await eventually(() => trigger.executions.length === 1);
		await server.stop();
		await eventually(() => trigger.failures.length === 1);
		await pause(2_000);
		expect(trigger.failures).toHaveLength(1);
		expect(trigger.failures[0]?.message).toMatch(/Redis/);
		const back = await RedisServer.start({ port: server.port });
		await abandon();
		await eventually(() => trigger.executions.length === 2);
		await trigger.close();
		await back.stop();
	});
});
