import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { CachePersistenceLayer } from '@aws-lambda-powertools/idempotency/cache';
import { createClient } from '@redis/client';

import { attemptAsync } from '../../lib/attempt';
import type { Delivery, Peer } from './peer';

/**
 * Powertools for AWS Lambda with its layer for Valkey and Redis, as its documentation shows it: the key by one JMESPath, the
 * payload checked by another, and a Lambda context that says when the run will be over at the latest.
 */
export const powertools: Peer = {
	name: '@aws-lambda-powertools/idempotency',
	async open({ port, leaseMs, retentionMs }) {
		const client = createClient({ url: `redis://127.0.0.1:${port}` });
		client.on('error', () => undefined);
		await client.connect();
		const config = new IdempotencyConfig({
			eventKeyJmesPath: 'key',
			payloadValidationJmesPath: 'payload',
			expiresAfterSeconds: Math.ceil(retentionMs / 1000),
		});
		let act: () => Promise<unknown> = async () => await Promise.resolve();
		return {
			async handle({ key, payload }: Delivery, perform) {
				let acted = false;
				act = async () => {
					acted = true;
					return await perform();
				};
				// As Lambda does at each invocation.
				config.registerLambdaContext(contextOf(leaseMs));
				const handler = makeIdempotent(async (_event: Delivery, run: typeof act) => await run(), {
					persistenceStore: new CachePersistenceLayer({ client }),
					config,
				});
				const event = { key: key ?? (payload as unknown as string), payload };
				const handled = await attemptAsync(async () => await handler(event, act));
				if (handled.ok) return { outcome: 'result', acted, result: handled.value };
				const { name } = handled.error as Error;
				if (!REFUSALS.has(name)) throw handled.error;
				return { outcome: 'refused', reason: name };
			},
			close: async () => {
				client.destroy();
				await Promise.resolve();
			},
		};
	},
};

/** What its documentation has the caller answer; all else is a failure. */
const REFUSALS = new Set(['IdempotencyAlreadyInProgressError', 'IdempotencyValidationError']);

type Context = Parameters<IdempotencyConfig['registerLambdaContext']>[0];

function contextOf(remainingMs: number): Context {
	const endsAt = Date.now() + remainingMs;
	return { getRemainingTimeInMillis: () => endsAt - Date.now() } as Context;
}
