import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';

import type { Reply } from '../../../lib/core/reply';
import type { Store } from '../../../lib/core/store';
import {
	LEASE,
	MINUTE,
	RETENTION,
	answered,
	bytes,
	claimRequest,
	comparable,
	fenceOf,
	finishOf,
	identityOf,
} from '../../support/requests';
import { MemoryPlace } from '../../support/memory-place';
import { openMemoryStore } from '../../support/memory-rows';
import { Model } from '../model';

/**
 * Several processes on the same rows, with every order of their steps: fast-check decides at each step who goes on, and shortens
 * what breaks. Whatever came of it must be what some order of whole calls would give.
 */

const SEED = Number(process.env.IDEMPOTENCY_SEED ?? 20_260_101);
const KEYS = ['one', 'two'] as const;
const START = 1_800_000_000_000_000;

const act = fc.record({
	key: fc.constantFrom(...KEYS),
	type: fc.constantFrom('claim', 'claim', 'claim', 'finish', 'release', 'renew', 'forget'),
	owner: fc.constantFrom('first', 'other', 'third'),
	limit: fc.constantFrom(null, null, 1, 2),
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** Each process makes one call of one or two items, on keys that are absent, held, released, finished, lapsed or over. */
const history = fc.record({
	before: fc.record({
		one: fc.constantFrom('absent', 'held', 'released', 'completed', 'lapsed', 'over'),
		two: fc.constantFrom('absent', 'held', 'completed'),
	}),
	calls: fc
		.array(fc.array(act, { minLength: 1, maxLength: 2 }), { minLength: 2, maxLength: 4 })
		.filter((calls) => calls.flat().length <= 5),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

const budget = { identity: identityOf('budget'), windowMs: 10 * MINUTE };

const requestOf = ({ key, owner, limit }: Act, fence: number) =>
	claimRequest({
		identity: identityOf(key),
		owner: owner === 'first' && fence > 0 ? 'owner-a' : owner,
		onUnknownOutcome: 'retry',
		...(limit === null ? {} : { budget: { ...budget, limit } }),
	});

/** One item as a call to a store, and as one to the model. */
function asked(item: Act, fences: ReadonlyMap<string, number>) {
	const fence = fences.get(item.key) ?? 0;
	const request = requestOf(item, fence);
	const owned = { identity: request.identity, owner: 'owner-a', fence, ownRun: true };
	const first = { ...request, owner: 'owner-a' };
	switch (item.type) {
		case 'finish':
			return { kind: 'command', order: finishOf(first, fence, { result: bytes(1, 2) }) } as const;
		case 'release':
			return {
				kind: 'command',
				order: { ...owned, type: 'release', retryAfterMs: 0, statusCode: 0, reason: '' },
			} as const;
		case 'renew':
			return { kind: 'command', order: { ...owned, type: 'renew', leaseMs: 2 * LEASE } } as const;
		case 'forget':
			return {
				kind: 'operate',
				order: { identity: request.identity, type: 'forget', force: true },
			} as const;
		default:
			return { kind: 'claim', order: request } as const;
	}
}

async function askStore(store: Store, item: Act, fences: ReadonlyMap<string, number>) {
	const { kind, order } = asked(item, fences);
	if (kind === 'claim') return (await store.claim([order]))[0];
	if (kind === 'command') return (await store.command([order]))[0];
	return await store.operate(order);
}

function askModel(model: Model, item: Act, fences: ReadonlyMap<string, number>, micros: number) {
	const { kind, order } = asked(item, fences);
	if (kind === 'claim') return model.claim(order, micros);
	if (kind === 'command') return model.command(order, micros);
	return model.operate(order, micros);
}

/**
 * Brings the keys into the states that the history begins with.
 *
 * @returns the fences that were granted, and the same for a model
 */
async function prepare(place: MemoryPlace, { before }: History) {
	const store = openMemoryStore(place);
	const fences = new Map<string, number>();
	const done: Array<(model: Model) => void> = [];
	const { micros } = place;
	for (const key of KEYS) {
		const state = before[key];
		if (state === 'absent') continue;
		const request = claimRequest({ identity: identityOf(key), onUnknownOutcome: 'retry' });
		fences.set(key, fenceOf((await store.claim([request]))[0]));
		done.push((model) => model.claim(request, micros));
		const end = { completed: 'finish', released: 'release' }[state as string];
		if (end === undefined) continue;
		const item: Act = { key, type: end as Act['type'], owner: 'first', limit: null };
		await askStore(store, item, fences);
		done.push((model) => askModel(model, item, fences, micros));
	}
	if (before.one === 'lapsed') place.micros += LEASE * 1000;
	if (before.one === 'over') place.micros += (LEASE + RETENTION + 1) * 1000;
	return { fences, prepareModel: (model: Model) => done.forEach((each) => each(model)) };
}

function* ordersOf<T>(items: readonly T[]): Generator<T[]> {
	if (items.length === 0) yield [];
	for (const [i, item] of items.entries()) {
		const rest = items.toSpliced(i, 1);
		for (const order of ordersOf(rest)) yield [item, ...order];
	}
}

describe('calls whose steps come between each other', () => {
	it('give what some order of them would give, and leave the records of that order', async () => {
		await fc.assert(
			fc.asyncProperty(history, fc.scheduler(), async (past, scheduler) => {
				const place = new MemoryPlace(START);
				const { fences, prepareModel } = await prepare(place, past);
				const pause = async () => await scheduler.schedule(Promise.resolve());
				const acts = past.calls.flat();
				const purged = pause().then(() => place.purge());
				const asking = past.calls.map(async (items) => {
					const store = openMemoryStore(place, { pause });
					return await Promise.all(items.map(async (item) => await askStore(store, item, fences)));
				});
				const replies = await scheduler.waitFor(Promise.all(asking));
				await scheduler.waitFor(purged);
				const answers = replies.flat().map((reply) => answered(reply as Reply<unknown>));
				const left = await openMemoryStore(place).get(KEYS.map(identityOf));

				const explains = (order: readonly number[]): boolean => {
					const model = new Model(place.epoch);
					prepareModel(model);
					for (const i of order) {
						// Another's unit may be one that it then gives back: a refusal changes nothing.
						if (isExhausted(answers[i])) continue;
						const item = acts[i] as Act;
						const answer = askModel(model, item, fences, place.micros);
						if (!equal(uncounted(answer), uncounted(answers[i]))) return false;
					}
					return KEYS.every((key, i) =>
						equal(model.get(identityOf(key), place.micros), answered(left[i])),
					);
				};
				for (const order of ordersOf(acts.map((_, i) => i))) if (explains(order)) return;
				const story = { acts, answers, left, order: String(scheduler) };
				throw new Error(JSON.stringify(comparable(story), null, 1));
			}),
			{ seed: SEED, numRuns: 600, endOnFailure: false },
		);
	}, 180_000);
});

/** Two that count at the same time may both be told the count before them; the record has both. */
function uncounted(answer: unknown): unknown {
	const { record, ...rest } = answer as { record?: object | null };
	return { ...rest, record: record ? { ...record, duplicates: 0 } : record };
}

const isExhausted = (answer: unknown) =>
	(answer as { reason?: string }).reason === 'budget_exhausted';

const equal = (a: unknown, b: unknown) => isDeepStrictEqual(comparable(a), comparable(b));
