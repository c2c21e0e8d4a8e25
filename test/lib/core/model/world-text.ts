import type { ClaimRecord, RecordState, Stored } from '../../../../lib/core/record';
import { liveRecord } from '../../../../lib/core/transitions';
import type { At, Settings, World } from './world';
import {
	BASE,
	TICK,
	executionOf,
	fencesOf,
	firstWorld,
	groupOf,
	ownerName,
	resultOf,
} from './world';

/** A world as text: two worlds from which the same can follow have the same. */

const PLACES: readonly At[] = [
	'idle',
	'claim lost',
	'pending',
	'start lost',
	'ready',
	'in flight',
	'acted',
	'finish lost',
	'ended',
	'over',
];

/** Claims of so many ticks ago are older than any retention. */
const OLDEST = 5;
const ORDERS = 16;

export function encode(world: World, settings: Settings): string {
	const codeOf = fenceCodes(world);
	const numbers: number[] = [world.acted];
	numbers.push(Math.min(world.began, settings.maxAttempts + 1), codeOf(world.top));
	numbers.push(...Object.values(world.left));
	for (const run of world.runs) {
		numbers.push(PLACES.indexOf(run.at), run.retried, run.seen, run.parts, codeOf(run.fence));
		numbers.push(run.lease, run.excused, run.told, run.sent, run.over, run.overActed);
	}
	const { late } = world;
	if (late === null) numbers.push(0);
	else {
		numbers.push(late.what === 'claim' ? 1 : 2, late.run, late.retried, late.seen);
		numbers.push(codeOf(late.fence));
	}
	numbers.push(...recordNumbers(world.stored, codeOf));
	return String.fromCharCode(...numbers);
}

/** Fences count by their order, and by their age as far as a finish may be believed for it. */
function fenceCodes(world: World): (fence: number) => number {
	const sorted = [...new Set(fencesOf(world))].sort((a, b) => a - b);
	const codes = new Map<number, number>();
	const sizes = new Map<number, number>();
	for (const fence of sorted) {
		const group = Math.max(groupOf(fence), -OLDEST) + OLDEST;
		const order = sizes.get(group) ?? 0;
		if (order >= ORDERS) throw new Error('more fences in a tick than the model has numbers for');
		sizes.set(group, order + 1);
		codes.set(fence, group * ORDERS + order + 1);
	}
	return (fence) => codes.get(fence) ?? 0;
}

const fenceOf = (code: number): number => {
	if (code === 0) return 0;
	const group = Math.floor((code - 1) / ORDERS) - OLDEST;
	return (BASE + group * TICK) * 1000 + ((code - 1) % ORDERS);
};

const STATES: ReadonlyArray<RecordState | 'tombstone' | null> = [
	null,
	'tombstone',
	'pending',
	'processing',
	'completed',
	'failed',
	'released',
	'unknown',
];
const ticksFrom = (ms: number): number => Math.max(0, Math.round((ms - BASE) / TICK));
const OLDEST_CLAIM = 8;

function recordNumbers(stored: Stored, codeOf: (fence: number) => number): number[] {
	const live = liveRecord(stored, BASE);
	if (live === null) return [0];
	if (live.state === 'tombstone') return [1, codeOf(live.fence), ticksFrom(live.expiresAt)];
	const open = live.state === 'processing' || live.state === 'pending';
	const claimed = Math.max(-OLDEST_CLAIM, Math.round((live.claimedAt - BASE) / TICK));
	return [
		STATES.indexOf(live.state),
		codeOf(live.fence),
		ticksFrom(live.expiresAt),
		ticksFrom(live.believedUntil),
		open ? ticksFrom(live.leaseUntil) : 0,
		open ? claimed + OLDEST_CLAIM : 0,
		live.state === 'released' ? ticksFrom(live.notBefore) : 0,
		live.attempts,
		Number(live.takeover),
		Number(live.onUnknownOutcome === 'retry'),
		Number(live.owner.slice('owner '.length)),
		live.executionId === '' ? 0 : Number(live.executionId.slice('execution '.length)) + 1,
		live.fingerprint.charCodeAt(0),
		Math.round(live.retentionMs / TICK),
		live.result === null ? 0 : (live.result[0] ?? 0) + 1,
	];
}

export function decode(text: string, settings: Settings, claimTimeoutTicks: number): World {
	let at = 0;
	const next = () => text.charCodeAt(at++);
	const world = firstWorld(settings);
	world.acted = next();
	world.began = next();
	world.top = fenceOf(next());
	for (const name of Object.keys(world.left) as Array<keyof World['left']>) {
		world.left[name] = next();
	}
	for (const run of world.runs) {
		run.at = PLACES[next()] ?? 'over';
		run.retried = next();
		run.seen = next();
		run.parts = next();
		run.fence = fenceOf(next());
		run.lease = next();
		run.excused = next();
		run.told = next();
		run.sent = next();
		run.over = next();
		run.overActed = next();
	}
	const what = next();
	if (what > 0) {
		const [run, retried, seen, fence] = [next(), next(), next(), fenceOf(next())];
		world.late = { what: what === 1 ? 'claim' : 'commit', run, retried, seen, fence };
	}
	world.stored = storedFrom(next, claimTimeoutTicks);
	return world;
}

function storedFrom(next: () => number, claimTimeoutTicks: number): Stored {
	const state = STATES[next()] ?? null;
	if (state === null) return null;
	const fence = fenceOf(next());
	const expiresAt = BASE + next() * TICK;
	if (state === 'tombstone') return { state, fence, expiresAt };
	const believedUntil = BASE + next() * TICK;
	const leaseUntil = BASE + next() * TICK;
	const claimedAt = BASE + (next() - OLDEST_CLAIM) * TICK;
	const notBefore = BASE + next() * TICK;
	const record: Partial<ClaimRecord> = { attempts: next(), takeover: next() === 1 };
	const onUnknownOutcome = next() === 1 ? 'retry' : 'hold';
	const owner = ownerName(next());
	const execution = next();
	const fingerprint = String.fromCharCode(next());
	const retentionMs = next() * TICK;
	const result = next();
	return {
		...record,
		state,
		owner,
		fence,
		fingerprint,
		comparison: '',
		fieldDigests: new Uint8Array(),
		tenant: '',
		namespace: '',
		key: '',
		eventAt: 0,
		firstSeenAt: 0,
		claimedAt,
		leaseUntil,
		claimTimeoutMs: claimTimeoutTicks * TICK,
		notBefore,
		finishedAt: 0,
		retentionMs,
		expiresAt,
		believedUntil,
		result: result === 0 ? null : resultOf(result - 1),
		statusCode: 0,
		duplicates: 0,
		onUnknownOutcome,
		reason: '',
		workflowId: '',
		executionId: execution === 0 ? '' : executionOf(execution - 1),
	} as ClaimRecord;
}
