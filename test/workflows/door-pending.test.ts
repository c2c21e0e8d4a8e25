import type { IDataObject, INode } from 'n8n-workflow';

import { TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';
import { node, records, workflow } from '../support/engine';
import { engineOn } from './on-redis';
import { newKey } from './scenario';
import { CREDENTIALS, doorOf, downstream, redis, send, server, slow } from './door-harness';

/** Between the claim at the door and the run that it starts. */

describe('a request that was taken in and has not started', () => {
	const stored = async () =>
		await server.ask(async (client) => {
			const names = (await client.keys('*')).filter((name) => /:[0-9a-f]{64}$/.test(name));
			return await Promise.all(names.map(async (name) => await client.hgetall(name)));
		});

	test('is pending, with its request, until its run starts; then it is gone from the record', async () => {
		await server.ask(async (client) => await client.flushall());
		let go = (): void => undefined;
		const started = new Promise<void>((resolve) => (go = resolve));
		const door = await doorOf({ webhook: { responseMode: 'onReceived' }, act: [slow(300)] });
		door.beforeExecution = async () => await started;
		const key = newKey();
		expect((await send(door, key)).status).toBe(202);
		const [pending] = await stored();
		expect(pending?.s).toMatch(/^P /);
		expect(Object.keys(pending ?? {}).some((field) => field.startsWith('v'))).toBe(true);
		expect((await send(door, key)).status).toBe(409);
		go();
		await until('it runs', async () => /^R /.test((await stored())[0]?.s ?? ''));
		const [running] = await stored();
		expect(Object.keys(running ?? {}).some((field) => field.startsWith('v'))).toBe(false);
		await until('it ended', async () => await Promise.resolve(door.executions.length === 1));
		expect((await send(door, key)).status).toBe(200);
	});

	test('is found with its request when n8n dies, and handled when it is sent again', async () => {
		const n8n = engineOn(server, {}, CREDENTIALS);
		const options = { claimTimeoutMinutes: 0.002 };
		const authentication = 'headerAuth';
		const webhook = { responseMode: 'onReceived', authentication, options };
		const door = await doorOf({ engine: n8n, webhook });
		// What was acknowledged is never executed: this n8n is gone.
		door.beforeExecution = async () => await new Promise(() => undefined);
		const key = newKey();
		const { name, value } = CREDENTIALS.header;
		const headers = { authorization: 'Bearer of-the-caller', [name]: value };
		// On a busy machine the claim may end before its request is kept: then the sender is told to try again.
		await until('it is taken in', async () => (await send(door, key, { headers })).status === 202);
		const mend = async (parameters: INode['parameters']) => {
			const flow = workflow({
				id: 'mending',
				nodes: [
					records(
						'Records',
						{ store: 'redis', workflows: 'all', ...parameters },
						{ credentials: redis },
					),
				],
			});
			return (await n8n.run(flow)).json('Records');
		};
		let lost: IDataObject | undefined;
		await until('its time is over', async () => {
			const listed = await mend({
				operation: 'list',
				filters: { states: ['released'] },
				options: { includeResult: true },
			});
			lost = listed.find((each) => each.key === key);
			return lost !== undefined;
		});
		expect(lost).toMatchObject({ state: 'released', started: false, request: { body: { key } } });
		expect(lost?.reason).toMatch(/never began$/);
		expect(JSON.stringify(lost)).not.toContain('of-the-caller');
		expect(lost).not.toHaveProperty(['request', 'headers', name.toLowerCase()]);
		expect(lost).toHaveProperty(['request', 'headers', 'idempotency-key'], key);
		// It never ran: the sender's next delivery acts, though an earlier outcome that is unknown is held.
		const later = await doorOf({ engine: n8n, webhook: { responseMode: 'onReceived' } });
		const { body } = lost?.request as { body: IDataObject };
		expect((await send(later, key, { body: JSON.stringify(body) })).status).toBe(202);
		await until('it ran', async () => await Promise.resolve(downstream.effects(key) === 1));
	});

	test('is not taken in where its claim ended before the request could be kept with it', async () => {
		const proxy = await TcpProxy.start(server.port);
		// From the claim to the request that is kept with it it takes longer than the claim lasts.
		proxy.line = { bytesPerMs: 1_000_000, delayMs: 50 };
		const n8n = engineOn(server, { port: proxy.port }, CREDENTIALS);
		const options = { claimTimeoutMinutes: 0.0005 };
		const door = await doorOf({ engine: n8n, webhook: { responseMode: 'onReceived', options } });
		const key = newKey();
		const { status, headers } = await send(door, key).finally(async () => await proxy.stop());
		expect([status, headers.has('retry-after')]).toEqual([503, true]);
		expect(door.executions).toHaveLength(0);
		const later = await doorOf({ webhook: { responseMode: 'onReceived' } });
		expect((await send(later, key)).status).toBe(202);
	});

	test('whose claim is lost meanwhile does not act', async () => {
		let go = (): void => undefined;
		const started = new Promise<void>((resolve) => (go = resolve));
		const n8n = engineOn(server, {}, CREDENTIALS);
		let acts = 0;
		const parts = (options: INode['parameters']) => ({
			engine: n8n,
			webhook: { responseMode: 'onReceived', onUnknownOutcome: 'retry', options },
			act: [slow(0, () => acts++)],
		});
		const first = await doorOf(parts({ claimTimeoutMinutes: 0.002 }));
		first.beforeExecution = async () => await started;
		let key = '';
		// On a busy machine the claim may be over before the request is kept: then nothing is taken in.
		await until(
			'a request is taken in',
			async () => (await send(first, (key = newKey()))).status === 202,
		);
		// The same door of the same n8n: its claim lasts, so that a busy machine can't lose that one as well.
		const second = await doorOf(parts({}));
		await until('its time is over', async () => (await send(second, key)).status === 202);
		await until(
			'the second ran',
			async () => await Promise.resolve(second.executions.length === 1),
		);
		go();
		await until(
			'the first ended',
			async () => await Promise.resolve(first.executions.length === 1),
		);
		expect(acts).toBe(1);
		expect(first.executions[0]?.error?.message).toContain('another run has taken it over');
	});

	test('a token that was made up starts nothing, also under "Continue"', async () => {
		const n8n = engineOn(server, {}, CREDENTIALS);
		for (const onError of ['stopWorkflow', 'continueRegularOutput'] as const) {
			await doorOf({ engine: n8n });
			const flow = workflow({
				nodes: [
					node(
						'Door',
						'n8n-nodes-idempotency.idempotentWebhook',
						{ store: 'redis', path: 'orders' },
						{ typeVersion: 2, credentials: redis, onError },
					),
					slow(0),
				],
			});
			const triggerItems = [{ json: { body: {}, idempotency: { token: 'idem1.YWJj.YWJj' } } }];
			const run = await n8n.run(flow, { triggerItems });
			expect(run.tasks('Slow')).toHaveLength(0);
		}
	});
});
