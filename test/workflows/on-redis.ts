import type { INodeParameters } from 'n8n-workflow';
import type { RedisServer } from '../support/redis-server';
import type { Credentials } from '../support/engine';
import { engine } from './nodes';
import type { ChargeParts } from './scenario';

/** Workflows on a real Redis, and what the test itself reads and changes there. */

const credentials = { idempotencyRedisApi: { id: '1', name: 'Redis' } };

/** The same workflow with both nodes on Redis. */
export const onRedis = (parts: ChargeParts = {}): ChargeParts => ({
	...parts,
	guard: { store: 'redis', ...parts.guard } as INodeParameters,
	commit: { store: 'redis', ...parts.commit } as INodeParameters,
	guardSettings: { credentials, ...parts.guardSettings },
	commitSettings: { credentials, ...parts.commitSettings },
});

/** n8n with this credential for the server; `secret`, `previousSecret` and the like. */
export const engineOn = (
	server: RedisServer,
	credential: Record<string, string | number | boolean> = {},
	more: Credentials = {},
) =>
	engine({
		credentials: {
			...more,
			idempotencyRedisApi: {
				deployment: 'standalone',
				host: '127.0.0.1',
				port: server.port,
				keyPrefix: 'idem',
				database: 0,
				...credential,
			},
		},
	});

const RECORD = /^[^:]+:\{[0-9a-f]{2}\}:[0-9a-f]{64}$/;

/** The names of all records, sorted: Redis scans in no order. */
export async function recordsIn(server: RedisServer): Promise<string[]> {
	return await server.ask(async (client) =>
		(await client.keys('*')).filter((key) => RECORD.test(key)).sort(),
	);
}

/** Every byte of the server that has a name or a value, as latin1 text. */
export async function contentsOf(server: RedisServer): Promise<string> {
	return await server.ask(async (client) => {
		const parts: Buffer[] = [];
		for (const key of await client.keysBuffer('*')) {
			const type = await client.type(key);
			const value =
				type === 'hash'
					? await client.callBuffer('HGETALL', key)
					: type === 'zset'
						? await client.callBuffer('ZRANGE', key, '0', '-1', 'WITHSCORES')
						: await client.getBuffer(key);
			parts.push(key, ...(Array.isArray(value) ? (value as Buffer[]) : [value as Buffer]));
		}
		return parts.map((part) => part.toString('latin1')).join('\n');
	});
}

/** The forms in which a text may be found in bytes. */
export const formsOf = (text: string): string[] => {
	const bytes = Buffer.from(text);
	// Base64 of a text within others depends on where it starts: the middle is the same for each of three offsets.
	const inBase64 = [0, 1, 2].map((offset) => {
		const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64url');
		return encoded.slice(
			offset === 0 ? 0 : offset + 1,
			Math.floor(((offset + bytes.length) * 4) / 3) - 1,
		);
	});
	return [bytes.toString('latin1'), bytes.toString('hex'), ...inBase64];
};
