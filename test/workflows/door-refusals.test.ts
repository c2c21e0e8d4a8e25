import { sign } from 'jsonwebtoken';

import { RefusalPace } from '../../lib/guard/refusal-pace';
import { records, webhook, workflow } from '../support/engine';
import { RedisServer } from '../support/redis-server';
import { engineOn } from './on-redis';
import { newKey } from './scenario';
import { CREDENTIALS, doorOf, downstream, redis, send, server } from './door-harness';
import type { Answer } from './door-harness';

/** What Idempotent Webhook refuses at the door, and whom. */

describe('what is refused at the door starts nothing', () => {
	const refused = (answer: Answer, status: number, problem: string): void => {
		expect(answer.status).toBe(status);
		expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
		expect(String(answer.json.type)).toMatch(new RegExp(`#${problem}$`));
		expect(answer.json).toMatchObject({ status, title: expect.any(String) as string });
	};

	test('the same key with another payload: 422', async () => {
		const door = await doorOf();
		const key = newKey();
		await send(door, key);
		const other = await send(door, key, { body: JSON.stringify({ key, amount: 7 }) });
		refused(other, 422, 'payload_mismatch');
		// Who has not proved who it is learns no names.
		expect(other.json.changedFields).toBeUndefined();
		expect(other.text).not.toContain('7}');
		expect(door.executions).toHaveLength(1);
	});

	test('no key: 400, and it is counted', async () => {
		const options = { scope: 'custom', namespace: 'keyless' };
		const door = await doorOf({ webhook: { options } });
		refused(await send(door, ''), 400, 'missing_key');
		expect(door.executions).toHaveLength(0);
		const stats = { store: 'redis', operation: 'stats', workflows: 'all' };
		const flow = workflow({
			nodes: [webhook('Start'), records('Records', stats, { credentials: redis })],
			connections: [['Start', 'Records']],
		});
		const told = await engineOn(server).run(flow, { triggerItems: [{ json: {} }] });
		const [counted] = told.json('Records').filter(({ where }) => where === 'keyless');
		expect(counted).toMatchObject({ new: 0, missingKeys: 1 });
	});

	test('a run that nobody knows the end of: 409', async () => {
		const door = await doorOf();
		const key = newKey();
		downstream.nextFor(key, { status: 500, effect: true });
		expect((await send(door, key)).status).toBe(500);
		refused(await send(door, key), 409, 'unknown_outcome');
		expect(downstream.effects(key)).toBe(1);
	});

	test('of several events one that was refused for now: 409, so that it is not lost', async () => {
		const door = await doorOf({ webhook: { sender: 'hubSpot' } });
		const events = (...ids: number[]) =>
			JSON.stringify(
				ids.map((eventId) => ({ eventId, subscriptionId: 1, portalId: 2, occurredAt: 3 })),
			);
		downstream.next({ status: 503, headers: { 'retry-after': '600' } });
		expect((await send(door, '', { body: events(1) })).status).toBe(503);
		const answer = await send(door, '', { body: events(1, 2) });
		refused(answer, 409, 'retry_later');
		expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(60);
	});

	test('another tenant, bound: 403, and nothing of the first', async () => {
		const options = { tenant: '={{ $json.headers["x-tenant"] }}', tenantMode: 'bind' };
		const door = await doorOf({ webhook: { options } });
		const key = newKey();
		await send(door, key, { headers: { 'x-tenant': 'a' } });
		const other = await send(door, key, { headers: { 'x-tenant': 'b' } });
		refused(other, 403, 'tenant_mismatch');
		refused(await send(door, newKey()), 400, 'not_acceptable');
	});

	test('a store that is down: 503, and when to try again; nothing in it for the caller', async () => {
		const gone = await RedisServer.start();
		await gone.stop();
		const door = await doorOf({ engine: engineOn(gone, {}, CREDENTIALS) });
		const answer = await send(door, newKey());
		refused(answer, 503, 'store_unavailable');
		expect(answer.headers.get('retry-after')).toBe('10');
		expect(answer.text).not.toContain('127.0.0.1');
		expect(door.executions).toHaveLength(0);
	});

	test('unless it may go on unprotected: marked', async () => {
		const gone = await RedisServer.start();
		await gone.stop();
		const webhook = { responseMode: 'lastNode', options: { onStoreError: 'continueUnprotected' } };
		const n8n = engineOn(gone, {}, CREDENTIALS);
		const door = await doorOf({ engine: n8n, webhook });
		expect((await send(door, newKey())).status).toBe(200);
		expect(door.executions[0]?.json('Door')[0]?.idempotency).toMatchObject({
			outcome: 'unprotected',
		});
	});

	test.each([
		[{ scope: 'custom' }, '"Scope: Namespace" is empty'],
		[{ tenant: 'a', tenantField: 'headers.x-tenant' }, 'Both "Tenant" and "Tenant Field"'],
		[{ claimTimeoutMinutes: -3 }, '"Time: Claim Timeout (Minutes)" must be more than zero'],
		[{ sameContent: 'report', sameContentMinutes: 1e6 }, 'is longer than "Remember For (Hours)"'],
	])(
		'settings that can not work, %j: 500, and what is wrong only for who builds the workflow',
		async (options, words) => {
			const webhook = { options };
			const answer = await send(await doorOf({ webhook }), newKey());
			refused(answer, 500, 'misconfigured');
			expect(answer.text).not.toContain(words);
			const test = await send(await doorOf({ webhook, mode: 'manual' }), newKey());
			expect(test.json.detail).toContain(words);
		},
	);

	test('a body that is too large, malformed, or none', async () => {
		const door = await doorOf();
		const large = { body: 'x'.repeat(4_300_000), headers: { 'content-type': 'application/pdf' } };
		refused(await send(door, newKey(), large), 413, 'too_large');
		expect((await send(door, newKey(), { body: '{"a":' })).status).toBe(422);
		expect(door.executions).toHaveLength(0);
		expect((await send(door, newKey(), { body: '' })).status).toBe(200);
	});
});

test('pages of other origins than those that are allowed start nothing', async () => {
	const options = { allowedOrigins: 'https://shop.example, https://till.example' };
	const door = await doorOf({ webhook: { options } });
	const from = async (origin?: string) =>
		await send(door, newKey(), { headers: origin === undefined ? {} : { origin } });
	const allowed = await from('https://till.example');
	expect(allowed.status).toBe(200);
	expect(allowed.headers.get('access-control-allow-origin')).toBe('https://till.example');
	const other = await from('https://evil.example');
	expect(other).toMatchObject({ status: 403 });
	expect(String(other.json.type)).toMatch(/#origin_not_allowed$/);
	expect(other.headers.get('access-control-allow-origin')).toBeNull();
	expect((await from()).status).toBe(200);
	expect(door.executions).toHaveLength(2);
});

test('who is over its budget waits for its refusals, and nobody else does', async () => {
	let letGo = (): void => undefined;
	const gate = new Promise<void>((resolve) => (letGo = resolve));
	const hold = jest.spyOn(RefusalPace.prototype, 'hold').mockImplementation(async () => await gate);
	const options = { tenantField: 'headers.x-tenant', budgetPer: 'tenant', budgetLimit: 1 };
	const door = await doorOf({ webhook: { options } });
	const as = async (tenant: string, key = newKey()) =>
		await send(door, key, { headers: { 'x-tenant': tenant } });
	const first = newKey();
	expect((await as('noisy', first)).status).toBe(200);
	let refused = 0;
	const storm = Array.from({ length: 5 }, async () => {
		const answer = await as('noisy');
		refused++;
		return answer.status;
	});
	// Neither another tenant nor a duplicate stands behind them.
	expect((await as('quiet')).status).toBe(200);
	expect((await as('noisy', first)).status).toBe(200);
	expect(refused).toBe(0);
	letGo();
	expect(await Promise.all(storm)).toEqual([429, 429, 429, 429, 429]);
	expect(hold).toHaveBeenCalledTimes(5);
	hold.mockRestore();
	expect(door.executions).toHaveLength(2);
});

describe('authentication', () => {
	const basic = (text: string) => ({
		authorization: `Basic ${Buffer.from(text).toString('base64')}`,
	});
	const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

	test.each([
		['basicAuth', basic('shop:pass:word'), 200],
		['basicAuth', basic('shop:wrong'), 401],
		['basicAuth', {}, 401],
		['headerAuth', { 'x-api-token': 'secret' }, 200],
		['headerAuth', { 'x-api-token': 'secre' }, 403],
		['headerAuth', {}, 403],
		['jwtAuth', bearer(sign({ sub: 'customer-1' }, 'signing')), 200],
		['jwtAuth', bearer(sign({ sub: 'customer-1' }, 'other')), 403],
		['jwtAuth', bearer(sign({ sub: 'x' }, 'signing', { algorithm: 'HS512' })), 403],
		['jwtAuth', bearer(sign({ sub: 'x', exp: 1 }, 'signing')), 403],
		['jwtAuth', bearer('e30.e30.'), 403],
		['jwtAuth', {}, 401],
	])('%s with %j: %i', async (authentication, headers, status) => {
		const door = await doorOf({ webhook: { authentication } });
		const key = newKey();
		expect((await send(door, key, { headers })).status).toBe(status);
		expect(door.executions).toHaveLength(status === 200 ? 1 : 0);
		if (status !== 200) return;
		expect((await send(door, key, { headers: {} })).status).toBeGreaterThanOrEqual(401);
		const [item] = door.executions[0]?.json('Door') ?? [];
		if (authentication === 'jwtAuth') expect(item?.jwtPayload).toMatchObject({ sub: 'customer-1' });
	});

	test('a credential that is incomplete lets nobody in', async () => {
		const n8n = engineOn(server, {}, { ...CREDENTIALS, basic: { user: '', password: '' } });
		const door = await doorOf({ engine: n8n, webhook: { authentication: 'basicAuth' } });
		expect((await send(door, newKey(), { headers: basic(':') })).status).toBe(500);
		expect(door.executions).toHaveLength(0);
	});
});

test('a key of several parts, of which one is empty, is no key', async () => {
	const webhook = { keySource: 'expression', key: '=order-{{ $json.body.order }}' };
	const door = await doorOf({ webhook });
	const order = newKey();
	expect((await send(door, '', { body: JSON.stringify({ order, key: order }) })).status).toBe(200);
	const without = await send(door, '', { body: JSON.stringify({ key: newKey() }) });
	expect(without.status).toBe(400);
	expect(without.text).toContain('missing_key');
	expect(door.executions).toHaveLength(1);
});
