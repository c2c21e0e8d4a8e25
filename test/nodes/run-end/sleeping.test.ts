import { RedisServer } from '../../support/redis-server';
import { startDownstream, wait } from '../../support/engine';
import type { Downstream } from '../../support/engine';
import { engineOn, onRedis } from '../../workflows/on-redis';
import { chargeWorkflow, delivery, newKey } from '../../workflows/scenario';

/** A run that is put to sleep holds its claim in the store, or does not sleep. */

let downstream: Downstream;
let server: RedisServer;
beforeAll(async () => {
	downstream = await startDownstream();
	server = await RedisServer.start({ config: ['appendonly yes', 'appendfsync always'] });
});
afterAll(async () => {
	await downstream.close();
	await server.stop();
});

const json = () =>
	chargeWorkflow(
		downstream.url,
		onRedis({ act: [wait('Wait', 90)], guard: { onUnknownOutcome: 'retry' } }),
	);

test('on Redis the long lease is there before it sleeps, so that nobody takes over', async () => {
	const item = delivery(newKey());
	const waiting = await engineOn(server).run(json(), { triggerItems: [item] });
	expect(waiting.status).toBe('waiting');
	const leases = await server.ask(async (client) => {
		const names = (await client.keys('*:open')).map(String);
		const ends = await Promise.all(
			names.map(async (name) => await client.zrange(name, '0', '-1', 'WITHSCORES')),
		);
		return ends
			.flat()
			.filter((_, i) => i % 2 === 1)
			.map(Number);
	});
	// Of a renewed lease it would be a minute; the claim may be held for an hour.
	expect(Math.max(...leases) - Date.now()).toBeGreaterThan(1_800_000);
});

test('where the store can not be told, the run fails instead of sleeping', async () => {
	const item = delivery(newKey());
	const result = await engineOn(server).run(json(), {
		triggerItems: [item],
		onNode: async (event, name) => {
			if (event === 'before' && name === 'Wait') await server.kill('SIGKILL');
		},
	});
	expect(result.status).not.toBe('waiting');
	expect(result.error?.message).toMatch(/Redis/);
	await server.run();
});
