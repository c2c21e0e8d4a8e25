import { setTimeout as sleep } from 'node:timers/promises';

import type { ClaimRecord, Tombstone } from '../../lib/core/record';
import type { Reply } from '../../lib/core/reply';
import type { Store } from '../../lib/core/store';
import { observe } from '../../lib/core/transitions';
import { answered, claimRequest, comparable, finishOf, identityOf } from '../support/requests';
import type { Violation } from './invariants';

/** What can only be found out by asking the store after a fault: that strangers change nothing, and that no key is stuck. */

type Held = ClaimRecord | Tombstone | null;

interface Seen {
	readonly record: Held;
	readonly nowMs: number;
}

async function look(store: Store, keys: readonly string[]): Promise<Seen[]> {
	const replies: ReadonlyArray<Reply<Held>> = await store.get(keys.map(identityOf));
	return replies.map((reply) => ({
		record: answered(reply),
		nowMs: reply.ok ? Math.floor(reply.micros / 1000) : 0,
	}));
}

export async function storedOf(store: Store, keys: readonly string[]): Promise<Map<string, Held>> {
	const seen = await look(store, keys);
	return new Map(keys.map((key, i) => [key, seen[i]?.record ?? null]));
}

const strangersClaim = (key: string) =>
	claimRequest({ identity: identityOf(key), owner: 'a stranger', fingerprint: 'same' });

/** A stranger claims, and finishes, releases, parks and renews with the right fence: the record stays as it was. */
export async function changedByStrangers(
	store: Store,
	keys: readonly string[],
): Promise<Violation[]> {
	const violations: Violation[] = [];
	const before = await look(store, keys);
	for (const [i, key] of keys.entries()) {
		const { record = null, nowMs = 0 } = before[i] ?? {};
		const state = observe(record, nowMs);
		if (record === null || record.state === 'tombstone' || state === 'released') continue;
		const request = strangersClaim(key);
		const claimed = answered((await store.claim([request]))[0]);
		const owned = { ...finishOf(request, record.fence) };
		const { identity, owner, fence } = owned;
		const stranger = { identity, owner, fence, ownRun: true };
		const replies = await store.command([
			owned,
			{ ...stranger, type: 'release', retryAfterMs: 0, statusCode: 0, reason: 'stranger' },
			{ ...stranger, type: 'park', statusCode: 0, reason: 'stranger' },
			{ ...stranger, type: 'abandon', to: 'unknown', statusCode: 0, reason: 'stranger' },
			{ ...stranger, type: 'renew', leaseMs: 3_600_000 },
		]);
		const answers = [claimed, ...replies.map(answered)].map(({ outcome }) => outcome);
		const after = (await look(store, [key]))[0]?.record ?? null;
		const expected = {
			...record,
			duplicates: record.duplicates + (claimed.outcome === 'duplicate' ? 1 : 0),
		};
		if (JSON.stringify(comparable(after)) === JSON.stringify(comparable(expected))) continue;
		const invariant = 'a refused caller changed the record';
		violations.push({ invariant, key, detail: `${state}: answered ${answers.join(', ')}` });
	}
	return violations;
}

/** Every key ends in a result, or can be given free by an operator once its lease is over, and then be claimed with a new fence. */
export async function stuckKeys(
	store: Store,
	keys: readonly string[],
	leaseMs: number,
): Promise<Violation[]> {
	const giveUpAt = Date.now() + leaseMs + 60_000;
	let seen = await look(store, keys);
	while (
		seen.some(({ record, nowMs }) => observe(record, nowMs) === 'processing') &&
		Date.now() < giveUpAt
	) {
		await sleep(50);
		seen = await look(store, keys);
	}
	const violations: Violation[] = [];
	for (const [i, key] of keys.entries()) {
		const { record = null, nowMs = 0 } = seen[i] ?? {};
		const state = observe(record, nowMs);
		if (state === 'completed') continue;
		const identity = identityOf(key);
		const fence = record?.fence ?? 0;
		if (state === 'lapsed' || state === 'unknown' || state === 'released') {
			const freed = answered(
				await store.operate({
					identity,
					type: 'resolve',
					to: 'released',
					seen: { fence, state },
					force: false,
					reason: 'checked',
				}),
			);
			if (freed.outcome !== 'done') {
				violations.push({ invariant: 'stuck', key, detail: `${state}: ${freed.outcome}` });
				continue;
			}
		}
		const claimed = answered((await store.claim([strangersClaim(key)]))[0]);
		if (claimed.outcome === 'new' && claimed.fence > fence) continue;
		violations.push({ invariant: 'stuck', key, detail: `${state}: then ${claimed.outcome}` });
	}
	return violations;
}
