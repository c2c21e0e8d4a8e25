import { RedisServer } from '../support/redis-server';
import { javascript, startDownstream } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engineOn, onRedis } from './on-redis';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** The main paths over a real Redis; the stores' own suite says that it answers as the embedded one. */

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

test('New, Duplicate, mismatch; the charge happens once', async () => {
	const key = newKey();
	const first = await send(key);
	expect(first.error?.message).toBeUndefined();
	expect(detailsOf(first, 'Guard')).toMatchObject({
		outcome: 'new',
		attempt: 1,
		token: expect.stringMatching(/^idem1\./),
	});
	const second = await send(key);
	expect(second.json('Duplicate')).toEqual(first.json('Committed'));
	const n8n = n8nWith();
	const other = await n8n.run(chargeWorkflow(downstream.url, onRedis({})), {
		triggerItems: [delivery(key, { amount: 2 })],
	});
	expect(detailsOf(other, 'Conflict')).toMatchObject({
		reason: 'payload_mismatch',
		changedFields: ['body.amount'],
	});
	expect(downstream.effects(key)).toBe(1);
});

test('a storm of one key from several n8n processes: one charge', async () => {
	const key = newKey();
	const storm = await Promise.all(Array.from({ length: 12 }, async () => await send(key)));
	const outcomes = storm.map((result) => routed(result).indexOf(1));
	expect(outcomes.filter((output) => output === 0)).toHaveLength(1);
	expect(downstream.effects(key)).toBe(1);
	expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
});

test('a lost answer is held, a refusal for now is given back, as on the embedded store', async () => {
	const [lost, later] = [newKey(), newKey()];
	downstream.nextFor(lost, { status: 500 });
	downstream.nextFor(later, { status: 429, headers: { 'retry-after': '0' } });
	await send(lost);
	await send(later);
	expect(detailsOf(await send(lost), 'Conflict')).toMatchObject({ reason: 'unknown_outcome' });
	expect(detailsOf(await send(later), 'Guard')).toMatchObject({ outcome: 'new', attempt: 2 });
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

test('with a secret nothing of the result can be read in Redis, and duplicates still get it', async () => {
	const key = newKey();
	const n8n = n8nWith({ secret: 'a long random text', keyPrefix: 'sealed' });
	downstream.nextFor(key, { body: { mark: 'PLAIN-TEXT' } });
	const first = await send(key, {}, n8n);
	const second = await send(key, {}, n8n);
	expect(second.json('Duplicate')).toEqual(first.json('Committed'));
	const stored = await server.ask(async (client) => {
		const keys = await client.keys('sealed:*');
		return (await Promise.all(keys.map(async (each) => await client.dumpBuffer(each))))
			.map(String)
			.join();
	});
	expect(stored.length).toBeGreaterThan(100);
	expect(stored).not.toContain('PLAIN-TEXT');
	const others = await send(key, {}, n8nWith({ secret: 'another long text', keyPrefix: 'sealed' }));
	expect(others.error?.message).toMatch(/^The store holds records of another secret/);
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
