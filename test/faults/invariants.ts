import type { ClaimRecord, Tombstone } from '../../lib/core/record';
import type { Effect } from './provider';
import type { WorkerEvent } from './worker-task';

/** The invariants of the state machine, asked of what the workers said, what the downstream counted and what the store holds. */

export interface Violation {
	readonly invariant: Invariant;
	readonly key: string;
	readonly detail: string;
}

export type Invariant =
	/** More than one side effect for a key; under "Run Again": one by a run that had lost the key. */
	| 'acted twice'
	| 'two live owners'
	| 'fence went back'
	/** A completed result changed, or a duplicate got another. */
	| 'result changed'
	| 'a refused caller changed the record'
	| 'stuck'
	| 'unhandled rejection'
	/** A call took longer than it may. */
	| 'unbounded';

/** What a store that lost its data can't keep. Everything else must hold even then. */
export const LOST_WITH_DATA: ReadonlySet<Invariant> = new Set([
	'acted twice',
	'two live owners',
	'result changed',
]);

export interface History {
	readonly keys: readonly string[];
	readonly events: readonly WorkerEvent[];
	readonly effects: readonly Effect[];
	readonly stored: ReadonlyMap<string, ClaimRecord | Tombstone | null>;
	readonly runAgain: boolean;
	readonly longestCallMs: number;
}

export function violationsIn(history: History): Violation[] {
	const { events, longestCallMs } = history;
	const violations: Violation[] = [];
	for (const event of events) {
		if (event.event === 'unhandled') {
			violations.push({ invariant: 'unhandled rejection', key: '', detail: event.message });
		} else if (event.event === 'failed' && event.ms > longestCallMs) {
			const detail = `${event.step} took ${event.ms} ms to fail (${event.problem})`;
			violations.push({ invariant: 'unbounded', key: event.key, detail });
		}
	}
	for (const key of history.keys) {
		violations.push(...actsOf(history, key), ...grantsOf(history, key), ...resultsOf(history, key));
	}
	return violations;
}

function actsOf({ effects, runAgain }: History, key: string): Violation[] {
	const acts = effects.filter((effect) => effect.key === key);
	const allowed = runAgain
		? acts.every(({ fence }, i) => i === 0 || fence > (acts[i - 1]?.fence ?? 0))
		: acts.length <= 1;
	if (allowed) return [];
	const detail = acts.map(({ owner, fence }) => `${owner} with fence ${fence}`).join(', ');
	return [{ invariant: 'acted twice', key, detail }];
}

function grantsOf({ events }: History, key: string): Violation[] {
	const violations: Violation[] = [];
	const ofKey = events.filter((event) => 'key' in event && event.key === key);
	const grants = ofKey
		.filter((event) => event.event === 'granted')
		.sort((a, b) => a.micros - b.micros);
	for (const [i, grant] of grants.entries()) {
		const before = grants[i - 1];
		if (before === undefined) continue;
		const detail = `${before.owner} with ${before.fence}, then ${grant.owner} with ${grant.fence}`;
		const sameOwner = grant.owner === before.owner;
		if (sameOwner ? grant.fence < before.fence : grant.fence <= before.fence) {
			violations.push({ invariant: 'fence went back', key, detail });
		}
		if (sameOwner) continue;
		const ended = ofKey.some(
			(event) =>
				event.event === 'settled' && event.owner === before.owner && event.micros <= grant.micros,
		);
		const leases = ofKey.flatMap((event) =>
			event.event === 'renewed' && event.owner === before.owner ? [event.leaseUntil] : [],
		);
		const leaseUntil = Math.max(before.leaseUntil, ...leases);
		if (!ended && Math.floor(grant.micros / 1000) < leaseUntil) {
			violations.push({ invariant: 'two live owners', key, detail });
		}
	}
	return violations;
}

function resultsOf({ events, stored, effects }: History, key: string): Violation[] {
	const seen = new Set<string>();
	for (const event of events) {
		if (event.event === 'duplicate' && event.key === key) seen.add(event.result ?? 'none');
		if (event.event === 'settled' && event.key === key && event.outcome === 'done') {
			if (event.state === 'completed') seen.add(event.result);
		}
	}
	const record = stored.get(key);
	if (record?.state === 'completed') seen.add(Buffer.from(record.result ?? []).toString());
	const charges = effects.filter((effect) => effect.key === key).map(({ charge }) => charge);
	const invented = [...seen].filter((result) => !charges.includes(result.replace(/\.*$/, '')));
	if (seen.size <= 1 && invented.length === 0) return [];
	const detail = [...seen].map((result) => result.slice(0, 60)).join(' | ');
	return [{ invariant: 'result changed', key, detail }];
}
