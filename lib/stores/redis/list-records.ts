import type { Redis } from 'ioredis';

import type { ListQuery, ListedRecord, Portion } from '../../core/listing';
import { asksForAbandoned, asksForOpen } from '../../core/listing';
import type { ClaimRecord, Tombstone } from '../../core/record';
import type { Reply } from '../../core/reply';
import { StoreError } from '../../core/reply';
import { observe } from '../../core/transitions';
import { letterOf } from './codec';
import { type Keys, SHARDS } from './keys';
import type { Client, ScriptArguments } from './scripts';

/** Identities to look at, and where to go on: null where there is no more. */
export interface Candidates {
	readonly identities: string[];
	readonly next: string | null;
}

/** Shards whose index is asked at once: most are empty, or have few claims. In the middle of a long one it is asked alone. */
const SHARDS_AT_ONCE = 32;

const shardsAtOnce = (last: Member | null) => (last === null ? SHARDS_AT_ONCE : 1);

/** @throws StoreError `configuration` for a cursor that is none of this store, or of a server that is gone */
export async function candidatesOf(
	client: Client,
	keys: Keys,
	query: ListQuery,
	from: string | null,
	size: number,
	nowMs: () => Promise<number>,
): Promise<Candidates> {
	if (!asksForOpen(query)) return await scanned(client, keys, from, size);
	const until = asksForAbandoned(query) ? String(await nowMs()) : '+inf';
	return await indexed(client, keys, until, from, size);
}

/** The filters as list.lua takes them. */
export function filterArguments(query: ListQuery): ScriptArguments {
	const { states, namespace, workflowId, executionId, seenFrom, seenBefore } = query;
	return [
		(states ?? []).map(letterOf).join(''),
		namespace ?? '',
		workflowId ?? '',
		executionId ?? '',
		seenFrom === null ? '' : String(seenFrom),
		seenBefore === null ? '' : String(seenBefore),
	];
}

/** What list.lua read of the candidates. @param micros the store's clock before it was asked */
export function portionOf(
	{ identities, next }: Candidates,
	replies: ReadonlyArray<Reply<ClaimRecord | Tombstone | null>>,
	micros: number,
): Reply<Portion> {
	const found: ListedRecord[] = [];
	const unreadable: string[] = [];
	let last = micros;
	for (const [i, reply] of replies.entries()) {
		const identity = identities[i] ?? '';
		if (!reply.ok) {
			if (reply.error.problem !== 'corrupt_record') return reply;
			unreadable.push(identity);
			continue;
		}
		last = Math.max(last, reply.micros);
		const record = reply.answer;
		if (record === null || record.state === 'tombstone') continue;
		found.push({ identity, state: observe(record, Math.floor(reply.micros / 1000)), record });
	}
	return { ok: true, micros: last, answer: { found, unreadable, next } };
}

// --- all records: SCAN, one server after the other ------------------------------------------------------------------------

const SCAN_CURSOR = /^s(.*)\|(\d+)$/;

async function scanned(
	client: Client,
	keys: Keys,
	from: string | null,
	size: number,
): Promise<Candidates> {
	const servers = serversOf(client);
	const [, address, cursor] = from === null ? [] : (SCAN_CURSOR.exec(from) ?? unusable());
	const at = address === undefined ? 0 : servers.findIndex((each) => each.address === address);
	const server = servers[at] ?? unusable();
	const [next, names] = await server.client.scan(
		cursor ?? '0',
		'MATCH',
		keys.recordPattern,
		'COUNT',
		size,
	);
	const identities = names.flatMap((name) => keys.recordIn(name) ?? []);
	if (next !== '0') return { identities, next: `s${server.address}|${next}` };
	const following = servers[at + 1];
	return { identities, next: following === undefined ? null : `s${following.address}|0` };
}

/** Each server that holds records of its own, in the same order every time. */
function serversOf(client: Client): Array<{ address: string; client: Redis }> {
	if (!('nodes' in client)) return [{ address: '', client }];
	return client
		.nodes('master')
		.map((node) => ({ address: `${node.options.host}:${node.options.port}`, client: node }))
		.sort((a, b) => (a.address < b.address ? -1 : 1));
}

// --- open claims: the index of each shard, by the end of their lease ------------------------------------------------------

/** Shard, and the end of the lease and the identity of the last claim that was looked at; or the beginning of a shard. */
const INDEX_CURSOR = /^o(\d{1,3})(?:\|(\d+)\|([0-9a-f]{64}))?$/;

interface Member {
	readonly shard: number;
	readonly score: number;
	readonly identity: string;
}

async function indexed(
	client: Client,
	keys: Keys,
	until: string,
	from: string | null,
	size: number,
): Promise<Candidates> {
	const [, first, score, identity] = INDEX_CURSOR.exec(from ?? 'o0') ?? unusable();
	const shard = Number(first);
	const last = identity === undefined ? null : { shard, score: Number(score), identity };
	// Those that end with the last one's lease come again: where they fill the answer, more is asked for.
	for (let limit = size; ; limit *= 2) {
		const { members, end } = await membersFrom(client, keys, shard, last, until, limit);
		const lastOfMany = members[size - 1];
		if (lastOfMany !== undefined) {
			return { identities: identitiesOf(members.slice(0, size)), next: cursorAt(lastOfMany) };
		}
		const final = members.at(-1);
		if (end === null) {
			const group = shard + shardsAtOnce(last);
			return {
				identities: identitiesOf(members),
				next: group < SHARDS.length ? `o${group}` : null,
			};
		}
		if (final !== undefined && final.shard === end) {
			return { identities: identitiesOf(members), next: cursorAt(final) };
		}
	}
}

/** Members beyond `last`, shard by shard. `end`: the shard whose answer was cut off, so that what follows is left out. */
async function membersFrom(
	client: Client,
	keys: Keys,
	shard: number,
	last: Member | null,
	until: string,
	limit: number,
): Promise<{ members: Member[]; end: number | null }> {
	const group = SHARDS.slice(shard, shard + shardsAtOnce(last));
	const answers = await Promise.all(
		group.map(
			async (name, at) =>
				await client.zrangebyscore(
					keys.open(name),
					at === 0 && last !== null ? last.score : '-inf',
					until,
					'WITHSCORES',
					'LIMIT',
					0,
					limit,
				),
		),
	);
	const members: Member[] = [];
	for (const [at, pairs] of answers.entries()) {
		for (let pair = 0; pair + 1 < pairs.length; pair += 2) {
			const member = {
				shard: shard + at,
				score: Number(pairs[pair + 1]),
				identity: pairs[pair] ?? '',
			};
			if (at > 0 || last === null || isBeyond(member, last)) members.push(member);
		}
		if (pairs.length / 2 >= limit) return { members, end: shard + at };
	}
	return { members, end: null };
}

function isBeyond(member: Member, last: Member): boolean {
	return (
		member.score > last.score || (member.score === last.score && member.identity > last.identity)
	);
}

const identitiesOf = (members: readonly Member[]) => members.map(({ identity }) => identity);

const cursorAt = ({ shard, score, identity }: Member) => `o${shard}|${score}|${identity}`;

function unusable(): never {
	throw new StoreError(
		'configuration',
		'The listing can not go on from this cursor: it belongs to another listing, or the servers of the cluster changed. Begin again without it.',
	);
}
