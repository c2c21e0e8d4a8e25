import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { RedisServer } from '../support/redis-server';
import { userFolder } from '../support/engine';
import { engine } from './nodes';
import { engineOn, onRedis, recordsIn } from './on-redis';
import type { ChargeParts } from './scenario';

/** Both stores for one test, with a look at what they hold that does not go through our own code. */
export interface StoreUnderTest {
	n8n(): ReturnType<typeof engine>;
	/** The workflow's parts with both nodes on this store. */
	parts(parts: ChargeParts): ChargeParts;
	/** Each record: how many bytes all that is kept of it takes, and whether it is whole. */
	records(): Promise<StoredRecord[]>;
}

export interface StoredRecord {
	readonly identity: string;
	readonly bytes: number;
	/** Has a state, an owner, a fence and an end. */
	readonly whole: boolean;
}

export const embeddedStore: StoreUnderTest = {
	n8n: () => engine(),
	parts: (parts) => parts,
	async records() {
		const file = join(userFolder, '.n8n', 'idempotency.sqlite');
		if (!existsSync(file)) return await Promise.resolve([]);
		const database = new DatabaseSync(file, { readOnly: true });
		try {
			const rows = database.prepare(
				'SELECT claims.*, results.bytes AS result FROM claims LEFT JOIN results USING (id)',
			);
			rows.setReadBigInts(true);
			return rows.all().map((row) => ({
				identity: String(row.identity),
				bytes: Object.values(row).reduce<number>((sum, value) => sum + bytesOf(value), 0),
				whole:
					String(row.owner).length === 32 && Number(row.fence) > 0 && Number(row.expires_at) > 0,
			}));
		} finally {
			database.close();
		}
	},
};

export const redisStore = (server: () => RedisServer): StoreUnderTest => ({
	n8n: () => engineOn(server()),
	parts: onRedis,
	async records() {
		const names = await recordsIn(server());
		return await server().ask(
			async (client) =>
				await Promise.all(
					names.map(async (name) => {
						const fields = await client.hgetallBuffer(name);
						const [, fence] = String(fields.s).split(' ');
						return {
							identity: name.slice(name.lastIndexOf(':') + 1),
							bytes: Object.values(fields).reduce((sum, value) => sum + value.length, 0),
							whole:
								String(fields.o).length === 32 &&
								Number(fence) > 0 &&
								(await client.pttl(name)) > 0,
						};
					}),
				),
		);
	},
});

function bytesOf(value: unknown): number {
	if (typeof value === 'string') return Buffer.byteLength(value);
	return value instanceof Uint8Array ? value.length : 0;
}
