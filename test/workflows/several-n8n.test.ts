import { testIdempotencyRedis } from '../../nodes/shared/credential-test';
import { javascript, startDownstream } from '../support/engine';
import type { Downstream } from '../support/engine';
import { RedisServer } from '../support/redis-server';
import { engine } from './nodes';
import { onRedis } from './on-redis';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';

/** Several n8n on one Redis, with the same imported workflow. */

let server: RedisServer;
let downstream: Downstream;
beforeAll(async () => {
	[server, downstream] = await Promise.all([RedisServer.start(), startDownstream()]);
});
afterAll(async () => await Promise.all([server.stop(), downstream.close()]));

const credential = (keyPrefix: string) => ({
	deployment: 'standalone',
	host: '127.0.0.1',
	port: server.port,
	keyPrefix,
});

const n8n = (instanceId: string, keyPrefix: string) =>
	engine({ instanceId, credentials: { idempotencyRedisApi: credential(keyPrefix) } });

/** What the dialog of n8n shows. */
const shown = async (keyPrefix: string) =>
	await testIdempotencyRedis.call({} as never, {
		id: '1',
		name: 'Redis',
		type: 'idempotencyRedisApi',
		data: credential(keyPrefix),
	});

test('a prefix that they share is told by the test of the credential; main and workers are one', async () => {
	const json = () => chargeWorkflow(downstream.url, onRedis());
	const run = async (instanceId: string, prefix: string) =>
		await n8n(instanceId, prefix).run(json(), { triggerItems: [delivery(newKey())] });
	await run('first', 'shared');
	await run('first', 'shared');
	expect(await shown('shared')).toMatchObject({
		status: 'OK',
		message: expect.not.stringMatching(/n8n instances/) as string,
	});
	expect(routed(await run('second', 'shared'))).toEqual([1, 0, 0, 0]);
	expect(await shown('shared')).toMatchObject({
		status: 'OK',
		message: expect.stringMatching(
			/2 n8n instances used it in the last 7 days: .* "Key Prefix" of its own/,
		) as string,
	});
	await run('first', 'apart');
	expect(await shown('apart')).toMatchObject({
		message: expect.not.stringMatching(/n8n instances/) as string,
	});
});

test('the claim of one is never taken for its own by the other, though all their IDs are the same', async () => {
	const key = newKey();
	let meanwhile: Awaited<ReturnType<ReturnType<typeof n8n>['run']>> | undefined;
	const second = chargeWorkflow(downstream.url, onRedis());
	const act = javascript('Act', async (items) => {
		meanwhile = await n8n('second', 'same').run(second, {
			triggerItems: [delivery(key)],
		});
		return items;
	});
	const first = chargeWorkflow(downstream.url, onRedis({ act: [act] }));
	const result = await n8n('first', 'same').run(first, {
		triggerItems: [delivery(key)],
	});
	expect(meanwhile && detailsOf(meanwhile, 'Conflict').reason).toBe('in_progress');
	expect(result.json('Committed')).toHaveLength(1);
	const apart = await n8n('second', 'other').run(second, { triggerItems: [delivery(key)] });
	expect(routed(apart)).toEqual([1, 0, 0, 0]);
});
