import { Redlock, ResourceLockedError } from '@sesamecare-oss/redlock';

import { attemptAsync } from '../../lib/core/attempt';
import { keyOf, withClient } from './keyed';
import type { Peer } from './peer';

/**
 * A lock alone forgets what was done, so it is used as it should be: under the lock look for a stored answer, act, store it. The
 * lock is extended while the process lives.
 */
export const redlock: Peer = {
	name: '@sesamecare-oss/redlock + stored answer',
	open: async (options) =>
		await withClient(options, (client) => {
			const locks = new Redlock([client], { retryCount: 0 });
			locks.on('error', () => undefined);
			return async (delivery, act) => {
				const key = keyOf(delivery);
				const locked = await attemptAsync(
					async () =>
						await locks.using([`lock:${key}`], options.leaseMs, async (signal) => {
							const stored = await client.get(`done:${key}`);
							if (stored !== null) return { acted: false, result: JSON.parse(stored) as unknown };
							const result = await act();
							if (signal.aborted) return { acted: true, result, lost: true };
							const text = JSON.stringify(result);
							await client.set(`done:${key}`, text, 'PX', options.retentionMs);
							return { acted: true, result };
						}),
				);
				if (locked.ok) return { outcome: 'result', ...locked.value };
				if (!isLocked(locked.error)) throw locked.error;
				return { outcome: 'refused', reason: 'locked' };
			};
		}),
};

function isLocked(error: unknown): boolean {
	return error instanceof ResourceLockedError || (error as Error).name === 'ExecutionError';
}
