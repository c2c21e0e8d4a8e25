import { Idempotency, IdempotencyError } from '@node-idempotency/core';
import { RedisStorageAdapter } from '@node-idempotency/storage-adapter-redis';

import { attemptAsync } from '../../lib/core/attempt';
import type { Peer } from './peer';

/** node-idempotency with its Redis adapter, called as its plugins for Express and Fastify call it. It knows no lease. */
export const nodeIdempotency: Peer = {
	name: '@node-idempotency/core',
	async open({ port, retentionMs }) {
		const storage = new RedisStorageAdapter({ url: `redis://127.0.0.1:${port}` });
		await storage.connect();
		const idempotency = new Idempotency(storage, { cacheTTLMS: retentionMs });
		return {
			async handle({ key, payload }, act) {
				const headers = { 'idempotency-key': key ?? JSON.stringify(payload) };
				const request = { headers, path: '/charges', method: 'POST', body: { ...payload } };
				const asked = await attemptAsync(async () => await idempotency.onRequest(request));
				if (!asked.ok) {
					if (!(asked.error instanceof IdempotencyError)) throw asked.error;
					return { outcome: 'refused', reason: asked.error.code };
				}
				const known = asked.value;
				if (known !== undefined) return { outcome: 'result', acted: false, result: known.body };
				const result = await act();
				await idempotency.onResponse(request, { body: result });
				return { outcome: 'result', acted: true, result };
			},
			close: async () => await storage.disconnect(),
		};
	},
};
