import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { CachePersistenceLayer } from '@aws-lambda-powertools/idempotency/cache';
import { createClient } from '@redis/client';

import { attemptAsync } from '../../lib/core/attempt';
import type { Delivery, Handler, Peer, PeerOptions } from './peer';

/**
 * Powertools for AWS Lambda with its layer for Valkey and Redis, as its documentation shows it: the key by a JMESPath, and a
 * Lambda context that says when the run will be over at the latest.
 */
export const powertools = powertoolsPeer('@aws-lambda-powertools/idempotency', {});

/** It also compares payloads; version 2.35.0 then refuses each honest duplicate too (aws-powertools/powertools-lambda-typescript#5705). */
export const powertoolsValidating = powertoolsPeer(
	'@aws-lambda-powertools/idempotency, payload validation',
	{ payloadValidationJmesPath: 'payload' },
);

function powertoolsPeer(name: string, more: { readonly payloadValidationJmesPath?: string }): Peer {
	return { name, open: async (options) => await open(options, more) };
}

async function open(
	{ port, leaseMs, retentionMs }: PeerOptions,
	more: { readonly payloadValidationJmesPath?: string },
): Promise<Handler> {
	const client = createClient({ url: `redis://127.0.0.1:${port}` });
	client.on('error', () => undefined);
	await client.connect();
	const config = new IdempotencyConfig({
		eventKeyJmesPath: 'key',
		...more,
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
}

/** What its documentation has the caller answer; all else is a failure. */
const REFUSALS = new Set(['IdempotencyAlreadyInProgressError', 'IdempotencyValidationError']);

type Context = Parameters<IdempotencyConfig['registerLambdaContext']>[0];

function contextOf(remainingMs: number): Context {
	const endsAt = Date.now() + remainingMs;
	return { getRemainingTimeInMillis: () => endsAt - Date.now() } as Context;
}
