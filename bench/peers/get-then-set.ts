import { keyOf, withClient } from './keyed';
import type { Peer } from './peer';

/** Look, act, then remember: what two Redis nodes and an If do in a workflow. */
export const getThenSet: Peer = {
	name: 'GET, then SET (ioredis)',
	open: async (options) =>
		await withClient(options, (client) => async (delivery, act) => {
			const key = `done:${keyOf(delivery)}`;
			if ((await client.get(key)) !== null) return { outcome: 'dropped' };
			const result = await act();
			await client.set(key, '1', 'PX', options.retentionMs);
			return { outcome: 'result', acted: true, result };
		}),
};
