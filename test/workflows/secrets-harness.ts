import { setTimeout as sleep } from 'node:timers/promises';
import type { IDataObject } from 'n8n-workflow';
import { KEPT_MS } from '../../nodes/shared/stores';
import { RedisServer } from '../support/redis-server';
import { javascript, startDownstream } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { engineOn, onRedis } from './on-redis';
import { chargeWorkflow, delivery } from './scenario';
import type { ChargeParts } from './scenario';

/** What the tests of secrets share: a Redis, and an n8n whose credential has a secret. */

export let downstream: Downstream;
export let server: RedisServer;
beforeAll(async () => {
	[downstream, server] = await Promise.all([startDownstream(), RedisServer.start()]);
});
afterAll(async () => {
	await Promise.all([downstream.close(), server.stop()]);
});

export const OLD = { secret: 'the first secret' };
export const NEW = { secret: 'the second secret' };
export const ROTATED = { secret: NEW.secret, previousSecret: OLD.secret };
export type Secrets = { secret?: string; previousSecret?: string; keyPrefix?: string };

/** Each test has a key prefix of its own: Redis remembers which secret the records of one are made with. */
export let prefixes = 0;
export const nextPrefix = () => ({ keyPrefix: `own${++prefixes}` });
export const prefix = () => ({ keyPrefix: `own${prefixes}` });
beforeEach(nextPrefix);

export const sendWith = async (
	secrets: Secrets,
	key: string,
	parts: ChargeParts = {},
	body: IDataObject = {},
) =>
	await engineOn(server, { ...prefix(), ...secrets }).run(
		chargeWorkflow(downstream.url, onRedis(parts)),
		{
			triggerItems: [delivery(key, body)],
		},
	);

/** n8n with a credential that is changed while a run is under way. */
export function changing(secrets: Secrets) {
	const credential: Record<string, string | number> = {
		deployment: 'standalone',
		host: '127.0.0.1',
		port: server.port,
		...prefix(),
		...secrets,
	};
	const n8n = engine({ credentials: { idempotencyRedisApi: credential } });
	const change = (to: Secrets) => void Object.assign(credential, to);
	/** What acts while the credential is changed, for longer than what was read of it is kept. */
	const actAndChange = (to: Secrets, id: string | number) =>
		javascript('Act', async () => {
			change(to);
			await sleep(KEPT_MS);
			return [{ json: { id }, pairedItem: 0 }];
		});
	return { n8n, change, actAndChange };
}
