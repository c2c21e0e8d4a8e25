import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../../scripts/lib/redis';
import { redisCredential } from '../../scripts/lib/example';
import { N8nHost } from './harness/n8n-host';
import type { ChargeWorkflow } from './harness/storm';
import { expectAtMostOnce, publishCharge, storm } from './harness/storm';

/** One n8n in regular mode, its own SQLite; both stores. */
let n8n: N8nHost;
let redis: Awaited<ReturnType<typeof startRedis>>;
const workflows: Record<string, ChargeWorkflow> = {};
const STORES = ['embedded', 'redis'] as const;
const DURABLE = ['appendonly yes', 'appendfsync always'];

const of = (store: string) => workflows[store]!;

beforeAll(async () => {
	redis = await startRedis({ config: DURABLE });
	n8n = await (await (await N8nHost.create()).start()).signIn();
	const { name, type, data } = redisCredential(redis.port);
	const credential = await n8n.api.saveCredential(name, type, data);
	workflows.embedded = await publishCharge(n8n, 'charge-embedded');
	workflows.redis = await publishCharge(n8n, 'charge-redis', credential);
});

describe.each(STORES)('%s store', (store) => {
	it('charges once each of 5 keys in 500 deliveries', async () => {
		const verdict = await storm(of(store), { deliveries: 500, keys: 5 });
		expect(verdict).toMatchObject({ charges: { 1: 5 }, told: { charge: 500 }, wrong: [] });
	});

	it('charges once each of 500 keys in 500 deliveries', async () => {
		const verdict = await storm(of(store), { deliveries: 500, keys: 500 });
		expect(verdict).toMatchObject({ charges: { 1: 500 }, told: { charge: 500 }, wrong: [] });
	});
});

/** Both stores at the same time, since what disturbs one disturbs the other. */
async function disturbedStorms(end: () => Promise<void>) {
	const inTheMiddle: Array<() => void> = [];
	let disturbed: (() => void) | undefined;
	const isDisturbed = new Promise<void>((resolve) => (disturbed = resolve));
	// n8n ends once both storms are in the middle; half of the deliveries finds it gone.
	const by = async (sendRest: () => void) => {
		inTheMiddle.push(sendRest);
		if (inTheMiddle.length === STORES.length) {
			await end();
			for (const send of inTheMiddle) send();
			await n8n.start();
			disturbed?.();
		}
		await isDisturbed;
	};
	const disturb = { at: 0.2, by };
	return await Promise.all(
		STORES.map(async (store) => await storm(of(store), { deliveries: 160, keys: 40, disturb })),
	);
}

it('charges once where n8n is restarted in the middle', async () => {
	const verdicts = await disturbedStorms(async () => await n8n.stop());
	for (const verdict of verdicts) {
		expect(verdict).toMatchObject({ charges: { 1: 40 }, told: { charge: 160 }, wrong: [] });
		expect(verdict.retries).toHaveProperty('ECONNREFUSED');
	}
});

it('never charges twice where n8n is killed in the middle', async () => {
	const verdicts = await disturbedStorms(async () => await n8n.kill());
	for (const verdict of verdicts) {
		expectAtMostOnce(verdict);
		expect(verdict.retries).toHaveProperty('ECONNREFUSED');
	}
});

it('never charges twice where Redis is killed and started again in the middle', async () => {
	const by = async (sendRest: () => void) => {
		await redis.kill('SIGKILL');
		sendRest();
		await sleep(2_000);
		await redis.run();
	};
	const disturb = { at: 0.2, by };
	const verdict = await storm(of('redis'), { deliveries: 160, keys: 40, disturb });
	expectAtMostOnce(verdict);
	// The Guard stopped these runs with an error: nothing was let through unchecked.
	expect(verdict.retries).toHaveProperty('500');
});
