import { redisCredential } from '../../../scripts/lib/example';
import { record } from '../../faults/report';
import { startDownstream } from '../../support/downstream';
import { BareWorkerStorm } from '../harness/bare-worker';
import { N8nHost } from '../harness/n8n-host';
import { WORKER_ARGS, startQueueServers } from '../harness/queue-mode';

/** Queue mode, and nobody but a worker without this package: each request acts later, once, and its outcome is never unknown. */

const KEYS = Array.from({ length: 12 }, (_, i) => `forgotten-${i}`);

test('a worker that lacks this package is the only one when requests come', async () => {
	const service = await startDownstream();
	const { redis, env } = await startQueueServers();
	const main = await (await (await N8nHost.create({ env })).start()).signIn();
	const { name, type, data } = redisCredential(redis.port);
	const storm = new BareWorkerStorm(main, service, KEYS);
	await storm.publish(await main.api.saveCredential(name, type, data));

	const first = await storm.sendToBareWorker(env);
	const early = KEYS.filter((key) => storm.actsOf(key) > 0);
	const worker = await (await N8nHost.create({ env, args: WORKER_ARGS })).start();
	const last = await storm.sendUntilAnswered();
	await worker.stop();
	await main.stop();
	await service.close();

	const acts = KEYS.map((key) => storm.actsOf(key));
	const isWrong = (key: string, i: number) =>
		early.includes(key) ||
		acts[i] !== 1 ||
		!last[i]?.startsWith('20') ||
		first[i]?.startsWith('20');
	record({
		fault: 'the only worker lacks this package when requests come',
		store: 'redis',
		runs: storm.answers.length,
		keys: KEYS.length,
		sideEffects: acts.reduce((sum, count) => sum + count, 0),
		violations: KEYS.filter(isWrong).length,
		unprotected: null,
	});
	expect(KEYS.filter(isWrong)).toEqual([]);
	expect(storm.answers.filter((answer) => answer.includes('unknown_outcome'))).toEqual([]);
}, 600_000);
