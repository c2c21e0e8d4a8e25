import type { Redis } from 'ioredis';

import { clientOf } from '../redis';
import type { Delivery, Handler, PeerOptions } from './peer';

/** What the peers without a notion of a payload address a delivery by: its key, else the payload as `JSON.stringify` writes it. */
export function keyOf({ key, payload }: Delivery): string {
	return key ?? JSON.stringify(payload);
}

/** A handler that needs no more than ioredis. */
export async function withClient(
	{ port }: PeerOptions,
	handlerOf: (client: Redis) => Handler['handle'],
): Promise<Handler> {
	const client = clientOf(port).on('error', () => undefined);
	await client.ping();
	return {
		handle: handlerOf(client),
		close: async () => {
			client.disconnect();
			await Promise.resolve();
		},
	};
}
