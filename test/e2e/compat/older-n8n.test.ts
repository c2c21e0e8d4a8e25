import { redisCredential } from '../../../scripts/lib/example';
import { startRedis } from '../../../scripts/lib/redis';
import type { Credential } from '../harness/api';
import { deliver } from '../harness/deliver';
import { expectOneExecution } from '../harness/door';
import { N8nHost } from '../harness/n8n-host';
import { SET_UP } from '../harness/set-up';
import type { ChargeWorkflow } from '../harness/storm';
import { expectAtMostOnce, publishCharge, storm } from '../harness/storm';

/** An older n8n: the package loads, and each store works or is refused with words that say what to do. */
const PASSWORD = 'correct horse';
const EXAMPLES = { guard: 'webhook-charge', door: 'webhook-at-the-door' } as const;
type Kind = keyof typeof EXAMPLES;
type StoreName = 'embedded' | 'redis';

let n8n: N8nHost;
let redis: Awaited<ReturnType<typeof startRedis>>;
let credential: Credential;
const charges = new Map<string, ChargeWorkflow>();

const of = (kind: Kind, store: StoreName) => charges.get(`${kind}-${store}`)!;
const { name, type, data } = redisCredential(0);
const withPassword = (password: string) => ({ ...data, port: redis.port, password });

beforeAll(async () => {
	redis = await startRedis({ password: PASSWORD });
	n8n = await (await (await N8nHost.create()).start()).signIn();
	credential = await n8n.api.saveCredential(name, type, withPassword(PASSWORD));
	for (const kind of Object.keys(EXAMPLES) as Kind[]) {
		for (const store of ['embedded', 'redis'] as const) {
			const path = `${kind}-${store}`;
			const used = store === 'redis' ? credential : undefined;
			charges.set(path, await publishCharge(n8n, path, used, {}, EXAMPLES[kind]));
		}
	}
});

it('has all nodes and the credential', async () => {
	const named = async (kind: string) => {
		const types = await n8n.api.call<Array<{ name: string }>>('GET', `/types/${kind}.json`);
		return types.map((each) => each.name.replace('n8n-nodes-idempotency.', ''));
	};
	expect(await named('nodes')).toEqual(
		expect.arrayContaining([
			...['idempotencyGuard', 'idempotencyCommit', 'idempotencyRecords'],
			...['idempotencyTrigger', 'idempotentWebhook'],
		]),
	);
	expect(await named('credentials')).toContain(type);
});

it('tests the credential', async () => {
	const good = await n8n.api.testCredential(credential.id, name, type, withPassword(PASSWORD));
	expect(good).toMatchObject({ status: 'OK' });
	const bad = await n8n.api.testCredential(credential.id, name, type, withPassword('wrong'));
	expect(bad).toMatchObject({
		status: 'Error',
		message: expect.stringContaining('Check user and password'),
	});
});

function actsOnce(store: StoreName) {
	it('charges each of 10 keys in 200 deliveries once, and gives all the same answer', async () => {
		const verdict = await storm(of('guard', store), { deliveries: 200, keys: 10 });
		expect(verdict).toMatchObject({ charges: { 1: 10 }, told: { charge: 200 }, wrong: [] });
	});

	it('refuses a changed payload and names what differs', async () => {
		const { url, downstream } = of('guard', store);
		const send = async (amount: number) =>
			await deliver(url, { orderId: 'changed', amount }, { 'idempotency-key': 'changed' });
		expect(await send(1)).toMatchObject({ status: 201 });
		expect(await send(2)).toMatchObject({
			status: 422,
			body: { detail: expect.stringContaining('amount') },
		});
		expect(downstream.chargesOf('changed')).toHaveLength(1);
	});

	it('answers duplicates at the door, by one execution', async () => {
		await expectOneExecution(n8n, of('door', store));
	});
}

describe('Redis store', () => {
	actsOnce('redis');

	it('charges no key twice where n8n is killed in the middle', async () => {
		const by = async (sendRest: () => void) => {
			await n8n.kill();
			sendRest();
			await n8n.start();
		};
		const workflow = of('guard', 'redis');
		expectAtMostOnce(
			await storm(workflow, { deliveries: 160, keys: 40, disturb: { at: 0.2, by } }),
		);
	});
});

describe('embedded store', () => {
	if (SET_UP.embeddedStore === 'works') {
		actsOnce('embedded');
		return;
	}

	it('is refused, with words that say what to do, and lets nothing through', async () => {
		const { url, workflowId, downstream } = of('guard', 'embedded');
		const reply = await deliver(url, { orderId: 'no', amount: 1 }, { 'idempotency-key': 'no' });
		// n8n 1 answers an empty 200 where a workflow fails before its Respond to Webhook.
		expect(reply).toEqual({ status: 200, body: '' });
		expect(downstream.total()).toBe(0);
		const [execution] = await n8n.api.executions(workflowId);
		expect(execution?.status).toBe('error');
		const { data: text } = await n8n.api.execution(execution?.id ?? '');
		expect(text).toContain('needs Node.js 22.13 or newer');
		expect(text).toContain('Set \\"Store\\" to \\"Redis\\"');
	});

	it('is refused at the door, and starts nothing', async () => {
		const { url, workflowId, downstream } = of('door', 'embedded');
		const reply = await deliver(url, { orderId: 'no', amount: 1 }, { 'idempotency-key': 'no' });
		expect(reply.status).toBe(503);
		expect(n8n.log()).toContain('needs Node.js 22.13 or newer');
		expect(downstream.total()).toBe(0);
		expect(await n8n.api.executions(workflowId)).toEqual([]);
	});
});
