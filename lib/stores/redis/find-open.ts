import type { OpenClaim, OpenQuery } from '../../core/store';
import { type Keys, SHARDS } from './keys';
import type { Client, ScriptReply } from './scripts';
import { runScript } from './scripts';

/** Looks at most so often for more, where the index named records that are gone. */
const MAX_ROUNDS = 10;

/**
 * Open claims by the end of their lease, oldest first, from the indexes of all shards. A record that expired is still in its index:
 * each candidate is looked up, and those that are gone are dropped from the index.
 */
export async function findOpen(
	client: Client,
	keys: Keys,
	{ leaseEndsBefore, limit }: OpenQuery,
	offsetMs: number,
): Promise<{ micros: number; answer: OpenClaim[] }> {
	for (let round = 1; ; round++) {
		const candidates = await candidatesOf(client, keys, leaseEndsBefore, limit);
		const { micros, open } = await lookUp(client, keys, candidates, offsetMs);
		if (open.length === candidates.length || round === MAX_ROUNDS) {
			return { micros, answer: open.filter((claim) => claim.leaseUntil < leaseEndsBefore) };
		}
	}
}

async function candidatesOf(
	client: Client,
	keys: Keys,
	leaseEndsBefore: number,
	limit: number,
): Promise<OpenClaim[]> {
	const shards = await Promise.all(
		SHARDS.map(
			async (shard) =>
				await client.zrangebyscore(
					keys.open(shard),
					'-inf',
					`(${leaseEndsBefore}`,
					'WITHSCORES',
					'LIMIT',
					0,
					limit,
				),
		),
	);
	const claims: OpenClaim[] = [];
	for (const pairs of shards) {
		for (let at = 0; at + 1 < pairs.length; at += 2) {
			claims.push({ identity: pairs[at] ?? '', leaseUntil: Number(pairs[at + 1]) });
		}
	}
	return claims.sort(byLeaseEnd).slice(0, limit);
}

async function lookUp(
	client: Client,
	keys: Keys,
	candidates: readonly OpenClaim[],
	offsetMs: number,
): Promise<{ micros: number; open: OpenClaim[] }> {
	const shards = new Map<string, string[]>(candidates.length === 0 ? [['00', []]] : []);
	for (const { identity } of candidates) {
		const shard = identity.slice(0, 2);
		shards.set(shard, [...(shards.get(shard) ?? []), keys.record(identity)]);
	}
	const replies = await Promise.all(
		[...shards].map(async ([shard, records]) => {
			const args = [records.length + 1, keys.open(shard), ...records, String(offsetMs)];
			return await runScript(client, 'open', args);
		}),
	);
	const open = replies.flatMap((reply) => openOf(keys, reply));
	const micros = Math.max(...replies.map(([time]) => Number(String(time))));
	return { micros, open: open.sort(byLeaseEnd) };
}

function openOf(keys: Keys, [, ...parts]: ScriptReply): OpenClaim[] {
	const claims: OpenClaim[] = [];
	for (let at = 0; at + 1 < parts.length; at += 2) {
		const identity = keys.identityOf(String(parts[at]));
		claims.push({ identity, leaseUntil: Number(String(parts[at + 1])) });
	}
	return claims;
}

function byLeaseEnd(a: OpenClaim, b: OpenClaim): number {
	return a.leaseUntil - b.leaseUntil || (a.identity < b.identity ? -1 : 1);
}
