import { setTimeout as sleep } from 'node:timers/promises';
import {
	postgresCredential,
	prepareExample,
	readExample,
	redisCredential,
} from '../../scripts/lib/example';
import { waitUntil } from '../../scripts/lib/processes.mjs';
import type { Downstream } from '../support/downstream';
import { startDownstream } from '../support/downstream';
import { GuardAlone } from './harness/alone';
import type { Credential } from './harness/api';
import { BareWorkerStorm } from './harness/bare-worker';
import { N8nHost } from './harness/n8n-host';
import { WORKER_ARGS, startQueueServers } from './harness/queue-mode';
import { expectOneExecution, expectSafeEcho } from './harness/door';
import type { ChargeWorkflow } from './harness/storm';
import { expectAtMostOnce, publishCharge, storm } from './harness/storm';

/** Queue mode: PostgreSQL, Redis, one main and two workers, each with a folder of its own as on hosts of their own. */
let main: N8nHost;
let workers: readonly N8nHost[];
let charge: ChargeWorkflow;
let credential: Credential;
let door: ChargeWorkflow;
let onPostgres: ChargeWorkflow;
let service: Downstream;
let env: Record<string, string>;

beforeAll(async () => {
	const servers = await startQueueServers();
	const { postgres, redis } = servers;
	({ env } = servers);
	main = await N8nHost.create({ env });
	const worker = { env, args: WORKER_ARGS };
	workers = await Promise.all([N8nHost.create(worker), N8nHost.create(worker)]);
	// The main process makes the tables.
	await main.start();
	await Promise.all(workers.map((each) => each.start()));
	await main.signIn();
	const { name, type, data } = redisCredential(redis.port);
	credential = await main.api.saveCredential(name, type, data);
	charge = await publishCharge(main, 'charge', credential);
	const own = postgresCredential(postgres);
	const credentialOfOwn = await main.api.saveCredential(own.name, own.type, own.data);
	onPostgres = await publishCharge(main, 'charge-postgres', { ...credentialOfOwn, type: own.type });
	door = await publishCharge(main, 'door', credential, {}, 'webhook-at-the-door');
	service = await startDownstream();
});
afterAll(async () => await service.close());

it('charges once each of 5 keys in 500 deliveries', async () => {
	const verdict = await storm(charge, { deliveries: 500, keys: 5 });
	expect(verdict).toMatchObject({ charges: { 1: 5 }, told: { charge: 500 }, wrong: [] });
});

it('charges once each of 500 keys in 500 deliveries', async () => {
	const verdict = await storm(charge, { deliveries: 500, keys: 500 });
	expect(verdict).toMatchObject({ charges: { 1: 500 }, told: { charge: 500 }, wrong: [] });
});

it('charges once each of 20 keys in 100 deliveries, on the database of n8n itself', async () => {
	const verdict = await storm(onPostgres, { deliveries: 100, keys: 20 });
	expect(verdict).toMatchObject({ charges: { 1: 20 }, told: { charge: 100 }, wrong: [] });
});

async function stormAcross(disturb: () => Promise<void>) {
	const by = async (sendRest: () => void) => {
		const disturbed = disturb();
		sendRest();
		await disturbed;
	};
	return await storm(charge, { deliveries: 160, keys: 40, disturb: { at: 0.2, by } });
}

it('never charges twice where a worker is killed in the middle', async () => {
	const [worker] = workers;
	const verdict = await stormAcross(async () => {
		await worker?.kill();
		await worker?.start();
	});
	expectAtMostOnce(verdict);
});

it('never charges twice where the main process is killed in the middle', async () => {
	const verdict = await stormAcross(async () => {
		await main.kill();
		await main.start();
	});
	expectAtMostOnce(verdict);
	expect(verdict.retries).toHaveProperty('ECONNREFUSED');
});

it('tells once of what killed workers left, in an execution of a worker, also after a restart', async () => {
	const slow = await publishCharge(main, 'charge-slow', credential, { delayMs: 60_000 });
	const guard = (await readExample('webhook-charge')).nodes.find(({ type }) =>
		type.endsWith('.idempotencyGuard'),
	)!;
	const settings = { id: 'watch', credential };
	const trigger = prepareExample(await readExample('reconcile-unknown'), settings).nodes.find(
		({ type }) => type.endsWith('.idempotencyTrigger'),
	)!;
	trigger.parameters = {
		...trigger.parameters,
		checkEverySeconds: 5,
		// Not what the storms above left.
		options: { graceSeconds: 0, namespace: `${slow.workflowId}_${guard.id}` },
	};
	const watching = await main.publish({ name: 'watch', nodes: [trigger], connections: {} });

	const lost = fetch(slow.url, {
		method: 'POST',
		headers: { 'content-type': 'application/json', 'idempotency-key': 'slow' },
		body: JSON.stringify({ orderId: 'slow', amount: 1 }),
	}).catch(() => 'cut');
	const limit = { timeoutMs: 150_000, intervalMs: 500 };
	const called = async () => await Promise.resolve(slow.downstream.total() > 0);
	await waitUntil(called, { what: 'the call was made', ...limit });
	await Promise.all(workers.map(async (worker) => await worker.kill()));
	await Promise.all(workers.map(async (worker) => await worker.start()));
	const told = async () => (await main.api.executions(watching)).length > 0;
	await waitUntil(told, { what: 'the lost run was told', ...limit });
	await main.stop();
	await main.start();
	await lost;
	await sleep(12_000);
	const executions = await main.api.executions(watching);
	expect(executions.map(({ status }) => status)).toEqual(['success']);
	const { data } = await main.api.execution(executions[0]!.id);
	expect(data).toContain('abandoned');
});

it('acts once with a Guard and no Commit, also where the worker is killed in the middle', async () => {
	const alone = new GuardAlone(main, service, credential);
	const path = 'alone';
	await alone.publish({ path, store: 'redis', responseMode: 'responseNode', neverError: true });
	service.next({ status: 200, body: { charge: 'ch_1' } });
	const first = await Promise.all([1, 2, 3, 4].map(async () => await alone.send(path, 'evt_1', 1)));
	const answer = { status: 200, body: { charge: 'ch_1' } };
	expect(first.flat()).toContainEqual(answer);
	expect(await alone.sendUntilSettled(path, 'evt_1')).toEqual(answer);
	await alone.send(path, 'evt_2', 1);
	expect(alone.acts(path)).toHaveLength(2);

	service.next({ status: 200, delayMs: 60_000 });
	void alone.send(path, 'evt_killed', 1).catch(() => 'cut');
	while (alone.acts(path).length < 3) await sleep(50);
	await Promise.all(workers.map(async (worker) => await worker.kill()));
	await Promise.all(workers.map(async (worker) => await worker.start()));
	expect(await alone.send(path, 'evt_killed', 1)).toMatchObject([{ status: 409 }]);
	expect(alone.acts(path)).toHaveLength(3);
});

it('starts one execution for 500 deliveries of one key at the door of the main process', async () => {
	await expectOneExecution(main, door);
});

it('verifies a signature at the door of the main process, and answers with what a worker ran', async () => {
	await expectSafeEcho(main, 'door-echo', credential);
});

it('lets a request act whose run a worker without this package could not begin', async () => {
	const forgotten = new BareWorkerStorm(main, service, ['forgotten']);
	await forgotten.publish(credential);
	await Promise.all(workers.map(async (worker) => await worker.stop()));
	expect(await forgotten.sendToBareWorker(env)).toEqual([expect.not.stringMatching(/^20/)]);
	expect(forgotten.actsOf('forgotten')).toBe(0);
	await Promise.all(workers.map(async (worker) => await worker.start()));
	expect(await forgotten.sendUntilAnswered()).toEqual([expect.stringMatching(/^20/)]);
	expect(forgotten.answers.filter((each) => each.includes('unknown_outcome'))).toEqual([]);
	expect(forgotten.actsOf('forgotten')).toBe(1);
});

it('refuses the embedded store, and says what to do', async () => {
	const embedded = await publishCharge(main, 'charge-embedded');
	const response = await fetch(embedded.url, {
		method: 'POST',
		headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
		body: JSON.stringify({ orderId: 'one' }),
	});
	expect(response.status).toBe(500);
	expect(embedded.downstream.total()).toBe(0);
	const [execution] = await main.api.executions(embedded.workflowId);
	const { data } = await main.api.execution(execution!.id);
	expect(data).toContain('This n8n runs in queue mode');
	expect(data).toContain('Set \\"Store\\" to \\"Redis\\"');
});
