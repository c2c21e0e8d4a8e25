import type { Stored } from '../../../../lib/core/record';
import type { Rules } from './rules';
import { identityOf } from '../../../support/requests';

/**
 * One key, some runs that want it, and what is on its way between them: a state of the model. The record is a real one, for the real
 * functions of transitions.ts. It is always `BASE` o'clock: a tick moves everything that is stored into the past.
 */

export const BASE = 1_800_000_000_000;
export const TICK = 1_000;
export const identity = identityOf('model');

/** What may be explored: numbers are how often something may happen, durations are ticks. */
export interface Settings {
	readonly name: string;
	/** One letter for each run: what it asks for. Different letters have different fingerprints. */
	readonly payloads: string;
	/** By run. */
	readonly policies: ReadonlyArray<'hold' | 'retry'>;
	readonly retentions: readonly number[];
	/** Which runs are accepted at the door, and start later. */
	readonly doors: readonly boolean[];
	/** Run 1 is a second execution of the request that was accepted for run 0. */
	readonly twins: boolean;
	/** How many acts each run has. */
	readonly parts: number;
	/** Of what Commit saves; null: as the claim. */
	readonly finishRetention: number | null;
	readonly maxAttempts: number;
	readonly acts: number;
	readonly renewals: number;
	readonly lostReplies: number;
	/** A copy of a lost request may arrive later. */
	readonly lateCopies: boolean;
	readonly retriesByUser: number;
	readonly clockSteps: number;
	/** Null for those of transitions.ts. */
	readonly rules: Rules | null;
}

export type At =
	| 'idle'
	| 'claim lost'
	| 'pending'
	| 'start lost'
	| 'ready'
	| 'in flight'
	| 'acted'
	| 'finish lost'
	| 'ended'
	| 'over';
/** What acts came to, as bits. */
export const OK = 1;
export const NOTHING_SENT = 2;
export const ANSWER_LOST = 4;
export const REFUSED = 8;

export interface Run {
	at: At;
	/** n8n's "Retry execution" of it. */
	retried: number;
	/** Outcomes of its acts, joined as bits. */
	seen: number;
	parts: number;
	/** Of its token; 0 without one. */
	fence: number;
	/** For how many ticks it believes that it holds the key. */
	lease: number;
	/** An operator or the end of retention allows what it does now. */
	excused: number;
	/** 1: it was told that its completion is stored; 2: that its refusal is. */
	told: number;
	/** A request of it has left. */
	sent: number;
	/** Runs that were granted the key over it, as bits; and whether one of them has acted. */
	over: number;
	overActed: number;
}

export interface Late {
	readonly run: number;
	readonly what: 'claim' | 'commit';
	readonly retried: number;
	readonly seen: number;
	readonly fence: number;
}

export interface World {
	stored: Stored;
	runs: Run[];
	late: Late | null;
	/** Runs that may have acted, as bits. */
	acted: number;
	/** Runs that began since the key is known. */
	began: number;
	/** The highest fence that was granted. */
	top: number;
	left: {
		acts: number;
		renewals: number;
		lostReplies: number;
		retriesByUser: number;
		clockSteps: number;
	};
}

export const ownerOf = (settings: Settings, run: number): number =>
	settings.twins && run === 1 ? 0 : run;
export const ownerName = (owner: number): string => `owner ${owner}`;
export const executionOf = (run: number): string => `execution ${run}`;
export const resultOf = (id: number): Uint8Array => Uint8Array.of(id);

export function firstWorld(settings: Settings): World {
	return {
		stored: null,
		runs: Array.from(settings.payloads, () => newRun()),
		late: null,
		acted: 0,
		began: 0,
		top: 0,
		left: {
			acts: settings.acts,
			renewals: settings.renewals,
			lostReplies: settings.lostReplies,
			retriesByUser: settings.retriesByUser,
			clockSteps: settings.clockSteps,
		},
	};
}

function newRun(): Run {
	return {
		at: 'idle',
		retried: 0,
		seen: 0,
		parts: 0,
		fence: 0,
		lease: 0,
		excused: 0,
		told: 0,
		sent: 0,
		over: 0,
		overActed: 0,
	};
}

export function copyOf(world: World): World {
	return { ...world, runs: world.runs.map((run) => ({ ...run })), left: { ...world.left } };
}

/** The store's clock: beyond every fence of this tick. */
export function clockOf(world: World): { micros: number; epoch: number } {
	const tick = fencesOf(world).filter((fence) => groupOf(fence) === 0);
	return { micros: Math.max(BASE * 1000, ...tick.map((fence) => fence + 1)), epoch: 0 };
}

export const groupOf = (fence: number): number => Math.floor((fence - BASE * 1000) / (TICK * 1000));

export function fencesOf({ stored, runs, late, top }: World): number[] {
	const tokens = runs.map(({ fence }) => fence);
	return [stored?.fence ?? 0, late?.fence ?? 0, top, ...tokens].filter((fence) => fence > 0);
}

/** Everything that is stored is as much later, or earlier. */
export function shift(world: World, ticks: number): void {
	const by = (ms: number) => ms + ticks * TICK;
	const byFence = (fence: number) => (fence === 0 ? 0 : fence + ticks * TICK * 1000);
	const { stored, late } = world;
	if (stored?.state === 'tombstone') {
		const { fence, expiresAt } = stored;
		world.stored = { state: 'tombstone', fence: byFence(fence), expiresAt: by(expiresAt) };
	} else if (stored !== null) {
		world.stored = {
			...stored,
			fence: byFence(stored.fence),
			claimedAt: by(stored.claimedAt),
			leaseUntil: by(stored.leaseUntil),
			notBefore: by(stored.notBefore),
			expiresAt: by(stored.expiresAt),
			believedUntil: by(stored.believedUntil),
		};
	}
	if (late !== null) world.late = { ...late, fence: byFence(late.fence) };
	for (const run of world.runs) run.fence = byFence(run.fence);
	world.top = byFence(world.top);
}

export const at = (world: World, i: number): Run => world.runs[i] as Run;
