import { keyOf, withClient } from './keyed';
import type { Peer } from './peer';

/** The usual one-liner: whoever sets the key first acts, everybody else is dropped. A run that fails gives the key back. */
export const setNx: Peer = {
	name: 'SET NX (ioredis)',
	open: async (options) =>
		await withClient(options, (client) => async (delivery, act) => {
			const key = `seen:${keyOf(delivery)}`;
			const set = await client.set(key, '1', 'PX', options.retentionMs, 'NX');
			if (set === null) return { outcome: 'dropped' };
			let acted = false;
			try {
				const result = await act();
				acted = true;
				return { outcome: 'result', acted, result };
			} finally {
				if (!acted) await client.del(key);
			}
		}),
};
