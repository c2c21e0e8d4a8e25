import { RedisServer } from '../support/redis-server';
import { javascript, startDownstream } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engineOn, onRedis } from './on-redis';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';
import { describeMainPaths } from './suite-main-paths';

/** Whole workflows over a real Redis. */

let downstream: Downstream;
let server: RedisServer;
beforeAll(async () => {
	[downstream, server] = await Promise.all([startDownstream(), RedisServer.start()]);
});
afterAll(async () => {
	await Promise.all([downstream.close(), server.stop()]);
});

const n8nWith = (credential?: Parameters<typeof engineOn>[1]) => engineOn(server, credential);
const send = async (key: string, parts: ChargeParts = {}, n8n = n8nWith()) =>
	await n8n.run(chargeWorkflow(downstream.url, onRedis(parts)), { triggerItems: [delivery(key)] });

describeMainPaths({
	n8n: n8nWith,
	on: onRedis,
	apart: { keyPrefix: 'sealed' },
	contents: async (mark) => {
		const text = await server.ask(async (client) => {
			const keys = await client.keys('sealed:*');
			return (await Promise.all(keys.map(async (each) => await client.dumpBuffer(each))))
				.map(String)
				.join();
		});
		return { text, mark };
	},
});

test('a run that lost its claim is told so', async () => {
	const key = newKey();
	let takeOver = async (): Promise<unknown> =>
		await send(key, { guard: { onUnknownOutcome: 'retry' } });
	const slow = javascript('Act', async () => {
		const next = takeOver;
		takeOver = async () => undefined;
		await new Promise((resolve) => setTimeout(resolve, 90));
		await next();
		return [{ json: { id: 1 }, pairedItem: 0 }];
	});
	const guard = { onUnknownOutcome: 'retry', options: { claimTimeoutMinutes: 0.001 } };
	const first = await send(key, { act: [slow], guard });
	expect(detailsOf(first, 'Overtaken')).toMatchObject({ reason: 'taken_over' });
});

test('a thousand items in one batch, by few calls of Redis', async () => {
	const prefix = newKey();
	const triggerItems = Array.from({ length: 1000 }, (_, n) => delivery(`${prefix}-${n % 990}`));
	const act = javascript('Act', (items) => items);
	const json = chargeWorkflow('', onRedis({ act: [act] }));
	await server.ask(async (client) => await client.config('RESETSTAT'));
	const result = await n8nWith().run(json, { triggerItems });
	const stats = await server.ask(async (client) => await client.info('commandstats'));
	const scripts = [...stats.matchAll(/^cmdstat_(?:eval|evalsha):calls=(\d+)/gm)];
	expect(scripts.reduce((sum, [, calls]) => sum + Number(calls), 0)).toBeLessThan(100);
	expect(scripts).not.toEqual([]);
	expect(result.counts('Commit')).toEqual([990, 0]);
	expect(routed(result)).toEqual([990, 0, 10, 0]);
	expect(routed(await n8nWith().run(json, { triggerItems }))).toEqual([0, 1000, 0, 0]);
});

test('a Commit that has another credential asks the store of its own, not that of the Guard', async () => {
	const own = { credentials: { idempotencyRedisApi: { id: 'other', name: 'Other' } } };
	const n8n = engineOn(
		server,
		{},
		{
			other: { deployment: 'standalone', host: '127.0.0.1', port: server.port, keyPrefix: 'other' },
		},
	);
	const result = await n8n.run(chargeWorkflow(downstream.url, onRedis({ commitSettings: own })), {
		triggerItems: [delivery(newKey())],
	});
	expect(result.error?.message).toMatch(/token/i);
	expect(result.tasks('Committed')).toEqual([]);
});
