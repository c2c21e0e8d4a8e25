import type { INode } from 'n8n-workflow';
import { Client } from 'pg';

import { postgresCredential, readExample } from '../../scripts/lib/example';
import { startPostgres } from '../../scripts/lib/postgres';
import type { Downstream } from '../support/downstream';
import { startDownstream } from '../support/downstream';
import { eventually, post, publishExample } from './harness/examples';
import { N8nHost } from './harness/n8n-host';

/** The examples that try again, or settle, what a run left unfinished; and the one that leaves nothing so. */
let n8n: N8nHost;
let service: Downstream;
beforeAll(async () => {
	service = await startDownstream();
	n8n = await (await (await N8nHost.create()).start()).signIn();
});
afterAll(async () => await service.close());

const charges = () => service.requests.filter(({ method }) => method === 'POST');

/** examples/webhook-charge.json under a path of its own. */
async function publishCharge(path: string, change: (node: INode) => void, errorWorkflow?: string) {
	const workflowId = await publishExample(n8n, 'webhook-charge', {
		urls: { 'Charge Card': `${service.url}/charges` },
		name: path,
		change: (node) => {
			if (node.type.endsWith('.webhook')) Object.assign(node, { webhookId: path });
			if (node.type.endsWith('.webhook')) node.parameters.path = path;
			change(node);
		},
		...(errorWorkflow === undefined ? {} : { settings: { errorWorkflow } }),
	});
	const send = async (key: string) =>
		await post(n8n.webhook(path), { amount: 5 }, { 'idempotency-key': key });
	return { send, workflowId };
}

it('error-workflow-release: the next delivery of a failed run is charged', async () => {
	const errorWorkflow = await publishExample(n8n, 'error-workflow-release');
	const stopAtError = ({ name, parameters }: INode) => {
		if (name === 'Charge Card') parameters.options = {};
	};
	const { send } = await publishCharge('stops', stopAtError, errorWorkflow);
	service.next({ status: 500 });
	expect((await send('failed-1')).status).toBe(500);
	await eventually('the key is released', async () => (await send('failed-1')).status === 200);
	expect(charges()).toHaveLength(2);
});

it('report: shows what is remembered', async () => {
	await publishExample(n8n, 'report');
	const read = async () => await fetch(n8n.webhook('idempotency-report'));
	await eventually('the page is there', async () => (await read()).ok);
	const page = await read();
	expect(page.headers.get('content-type')).toContain('text/html');
	expect(await page.text()).toMatch(/^<!DOCTYPE html>[^]*<\/html>/);
});

/** Requests to one path of the service; each example has one of its own. */
const calls = (path: string) => service.requests.filter((request) => request.path === path);

describe('retry-with-backoff', () => {
	const send = async (key: string) =>
		await post(n8n.webhook('payments'), { amount: 5 }, { 'idempotency-key': key });
	const busy = { status: 429, headers: { 'retry-after': '1' } };

	it('tries again after the wait that the service asks for', async () => {
		await publishExample(n8n, 'retry-with-backoff', { urls: { Pay: `${service.url}/payments` } });
		service.next(busy, busy);
		const begun = Date.now();
		const first = await send('pay-1');
		expect(first).toMatchObject({ status: 200, body: { charge: expect.any(String) } });
		expect(Date.now() - begun).toBeGreaterThanOrEqual(2_000);
		expect(calls('/payments')).toHaveLength(3);
		expect((await send('pay-1')).body).toEqual(first.body);
		expect(calls('/payments')).toHaveLength(3);
	});

	it('ends after five tries', async () => {
		service.next(busy, busy, busy, busy, busy);
		expect(await send('pay-2')).toMatchObject({
			status: 429,
			body: { title: 'The request was tried too often' },
		});
		expect(calls('/payments')).toHaveLength(8);
	});

	it('does not try again where nobody knows whether it was paid', async () => {
		service.next({ status: 500, effect: true });
		expect(await send('pay-3')).toMatchObject({ status: 500 });
		expect(await send('pay-3')).toMatchObject({ status: 409 });
		expect(calls('/payments')).toHaveLength(9);
	});
});

describe('downstream-key', () => {
	it('asks again after a lost answer, with the same key in quotes', async () => {
		await publishExample(n8n, 'downstream-key', {
			urls: { 'Create Payment': `${service.url}/pay-outs` },
		});
		const send = async () =>
			await post(n8n.webhook('pay-out'), { amount: 5 }, { 'idempotency-key': 'pay-out-1' });
		service.next({ reset: true });
		expect(await send()).toMatchObject({ status: 503 });
		await eventually('the key is free again', async () => (await send()).status === 200);
		expect(await send()).toMatchObject({ status: 200 });
		const keys = calls('/pay-outs').map(({ headers }) => headers['idempotency-key']);
		expect(keys).toHaveLength(2);
		expect(new Set(keys).size).toBe(1);
		expect(keys[0]).toMatch(
			/^"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$/,
		);
	});
});

it('exactly-once-postgres: one row for a request, also where it is run again', async () => {
	const server = await startPostgres();
	const { port, user, database } = server;
	const client = new Client({ host: '127.0.0.1', port, user, database });
	client.on('error', () => undefined);
	await client.connect();
	await client.query(
		'CREATE TABLE deposits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id text NOT NULL, amount bigint NOT NULL)',
	);
	const { name, type, data } = postgresCredential(server);
	const workflow = await publishExample(n8n, 'exactly-once-postgres', {
		credentials: {
			[type]: await n8n.api.saveCredential(name, type, data),
			postgres: await n8n.api.saveCredential('PostgreSQL', 'postgres', {
				host: '127.0.0.1',
				port,
				database,
				user,
				password: '',
				ssl: 'disable',
			}),
		},
	});
	const send = async (orderId: string, amount: unknown) =>
		await post(
			n8n.webhook('deposits'),
			{ orderId, amount },
			{ 'idempotency-key': `deposit-${orderId.slice(0, 1)}` },
		);
	const rows = async (orderId: string) => {
		const sql = 'SELECT amount FROM deposits WHERE order_id = $1';
		return (await client.query(sql, [orderId])).rows;
	};
	const answers: Array<Awaited<ReturnType<typeof send>>> = [];
	for (let i = 0; i < 3; i++) answers.push(await send('A, with a comma', 7));
	expect(answers[0]).toMatchObject({ status: 200, body: { order_id: 'A, with a comma' } });
	expect(answers.map(({ body }) => body)).toEqual(answers.map(() => answers[0]?.body));
	expect(await rows('A, with a comma')).toHaveLength(1);

	// PostgreSQL refuses the value: nothing is written, and the request is free again.
	expect(await send('B', 'no number')).toMatchObject({ status: 500 });
	expect(await rows('B')).toEqual([]);
	const executions = await n8n.api.executions(workflow);
	const failed = executions.find(({ status }) => status === 'error');
	const again = await n8n.api.retry(failed?.id ?? '');
	expect(again.status).toBe('error');
	expect(await rows('B')).toEqual([]);

	// Run again after the commit, the statement is refused.
	await client.query('ALTER TABLE deposits ADD CONSTRAINT late CHECK (amount < 100)');
	expect(await send('C', 100)).toMatchObject({ status: 500 });
	await client.query('ALTER TABLE deposits DROP CONSTRAINT late');
	const [stopped] = await n8n.api.executions(workflow);
	expect((await n8n.api.retry(stopped?.id ?? '')).status).toBe('success');
	expect((await n8n.api.retry(stopped?.id ?? '')).status).toBe('error');
	expect(await rows('C')).toHaveLength(1);
	expect(await send('C', 100)).toMatchObject({ status: 200, body: { order_id: 'C' } });
	await client.end();
	await server.stop();
});

it('reconcile-unknown: what the provider knows is what the next delivery gets', async () => {
	const { send, workflowId } = await publishCharge('held', () => {});
	service.next({ status: 500 });
	expect((await send('lost-1')).status).toBe(500);
	expect(await send('lost-1')).toMatchObject({
		status: 409,
		body: { title: 'An earlier run never finished' },
	});
	const { nodes } = await readExample('webhook-charge');
	const guard = nodes.find(({ type }) => type.endsWith('.idempotencyGuard'));
	const before = charges().length;
	await publishExample(n8n, 'reconcile-unknown', {
		urls: { 'Ask the Provider': `${service.url}/charges` },
		change: ({ type, parameters }) => {
			if (!type.endsWith('.idempotencyTrigger')) return;
			// Only of this workflow: other examples leave requests unknown, too, and look at what they get.
			const options = { graceSeconds: 0, namespace: `${workflowId}_${guard?.id}` };
			Object.assign(parameters, { checkEverySeconds: 1, options });
		},
	});
	await eventually('it is settled', async () => (await send('lost-1')).status === 200);
	const asked = service.requests.filter(({ method }) => method === 'GET');
	expect(asked.map(({ path }) => path)).toEqual([expect.stringMatching(/^\/charges\?key=\w{64}$/)]);
	expect(charges()).toHaveLength(before);
});
