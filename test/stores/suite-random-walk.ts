import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';

import type { Stored } from '../../lib/core/record';
import { answered, comparable, freshIdentity, identityOf, microsOf } from '../support/requests';
import { allRecords } from '../../lib/core/all-records';
import type { ListedRecord, ListQuery } from '../../lib/core/listing';
import { EVERY_KIND, kindsOfAnswer, kindsOfGrant } from './answers-met';
import { Model } from './model';
import { EVERY_ANSWER, expectWait, withoutWait } from './walk-answers';
import { RARE_WALKS } from './rare-walks';
import type { ListStep, NoticeStep } from './reading-steps';
import { queryOf } from './reading-steps';
import type { OpenedStore, StoreHarness } from './suite';
import {
	KEYS,
	type Step,
	advanceBy,
	budgetOf,
	claimOf,
	commandOf,
	operatorCommandOf,
	stepArbitrary,
} from './steps';
import { Grants } from './steps';
import { inWholeMs } from './whole-ms';

/** Same seed, same walks: a failure is repeated by running the suite again, and IDEMPOTENCY_SEED makes others. */
const SEEDS = (process.env.IDEMPOTENCY_SEED ?? '11 12 20260101').split(' ').map(Number);
const WALKS = 100;
const LONGEST_WALK = 60;

export function describeRandomWalk(harness: StoreHarness): void {
	describe('answers and records are those of transitions.ts', () => {
		let opened: OpenedStore;
		beforeAll(async () => {
			opened = await harness.open();
		});
		afterAll(async () => await opened.close());

		it.each(SEEDS)(
			'over random walks of three owners on three keys, seed %i',
			async (seed) => {
				const seen = new Set<string>();
				let steps = 0;
				const epoch = Math.floor(microsOf((await opened.store.get([freshIdentity()]))[0]) / 1000);
				await fc.assert(
					fc.asyncProperty(
						fc.array(stepArbitrary, { minLength: 1, maxLength: LONGEST_WALK, size: 'max' }),
						async (walk) => {
							const walker = new Walker(opened, epoch, seen);
							await walker.begin();
							for (const step of walk) {
								await walker.take(step);
								steps++;
							}
							await walker.compareCounters();
						},
					),
					{
						seed,
						numRuns: WALKS,
						endOnFailure: false,
						examples: RARE_WALKS.map(([walk]) => [[...walk]]),
					},
				);
				expect([...EVERY_ANSWER, ...EVERY_KIND].filter((answer) => !seen.has(answer))).toEqual([]);
				expect(steps).toBeGreaterThan(1_000);
			},
			900_000,
		);
	});
}

/** One walk over keys of its own: does each step to the store and to the model, and compares. */
class Walker {
	private readonly model: Model;

	private readonly grants = new Grants();

	private readonly identities = KEYS.map((key) => freshIdentity(`walk ${key}`));

	private readonly namespace = `walk ${freshIdentity()}`;

	private micros = 0;

	constructor(
		private readonly opened: OpenedStore,
		private readonly epoch: number,
		private readonly seen: Set<string>,
	) {
		this.model = new Model(epoch);
	}

	async begin(): Promise<void> {
		await this.compareRecords();
	}

	async take(step: Step): Promise<void> {
		switch (step.type) {
			case 'claim':
				await this.claim(step);
				break;
			case 'command':
				await this.command(step);
				break;
			case 'operate':
				await this.operate(step);
				break;
			case 'advance':
				await this.opened.advance(advanceBy(step, this.lookAt(step.key), this.now));
				break;
			case 'list':
				await this.compareListing(step);
				break;
			case 'notices':
				await this.compareNotices(step);
				break;
		}
		await this.compareRecords();
	}

	private get now(): number {
		return Math.floor(this.micros / 1000);
	}

	private identity(key: number): string {
		const identity = this.identities[key];
		if (identity === undefined) throw new Error(`no key ${key}`);
		return identity;
	}

	private lookAt(key: number): Stored {
		return this.model.get(this.identity(key), this.micros);
	}

	private async claim(step: Step & { type: 'claim' }): Promise<void> {
		const time = { now: this.now, epoch: this.epoch };
		const requests = step.items.map((item, i) => {
			const identity = this.identity(item.key);
			const counter = identityOf(`${this.namespace} ${step.budgets?.windowMs}`);
			return claimOf(item, identity, this.namespace, time, budgetOf(step, i, counter));
		});
		const replies = await this.opened.store.claim(requests);
		const expected = requests.map((request, i) =>
			this.model.claim(inWholeMs(request), microsOf(replies[i])),
		);
		const answers = replies.map(answered);
		expect(answers.map(withoutWait)).toEqual(expected.map(withoutWait));
		for (const [i, answer] of answers.entries()) expectWait(answer, expected[i]);
		this.tickAll(replies);
		replies.forEach((reply, i) => {
			const request = requests[i];
			const answer = answered(reply);
			if (request !== undefined && answer.outcome === 'new') {
				this.grants.add(request, answer.fence);
			}
			this.seen.add(`claim ${answer.outcome === 'conflict' ? answer.reason : answer.outcome}`);
			if (answer.outcome === 'new' && request !== undefined) {
				for (const name of kindsOfGrant(answer, request, microsOf(reply))) this.seen.add(name);
			}
		});
	}

	private async command(step: Step & { type: 'command' }): Promise<void> {
		const orders = step.items.map((item) =>
			commandOf(item, this.grants, this.identity(item.key), this.namespace),
		);
		const replies = await this.opened.store.command(orders);
		const expected = orders.map((order, i) =>
			this.model.command(inWholeMs(order), microsOf(replies[i])),
		);
		expect(comparable(replies.map(answered))).toEqual(comparable(expected));
		this.tickAll(replies);
		replies.forEach((reply, i) => {
			const type = orders[i]?.type ?? '';
			const answer = answered(reply);
			this.seen.add(`${type} ${answer.outcome}`);
			if (answer.outcome === 'superseded') this.seen.add(`${type} ${answer.reason}`);
			if (answer.outcome === 'done' && answer.recovered) this.seen.add(`${type} recovered`);
			for (const name of kindsOfAnswer(orders[i], answer)) this.seen.add(name);
		});
	}

	private async operate(step: Step & { type: 'operate' }): Promise<void> {
		const order = operatorCommandOf(step, this.identity(step.key), this.lookAt(step.key), this.now);
		const reply = await this.opened.store.operate(order);
		const expected = this.model.operate(order, microsOf(reply));
		expect(answered(reply)).toEqual(expected);
		this.tick(microsOf(reply));
		this.seen.add(`${order.type} ${expected.outcome}`);
	}

	private async compareRecords(): Promise<void> {
		const replies = await this.opened.store.get(this.identities);
		const expected = this.identities.map((identity, i) =>
			this.model.get(identity, microsOf(replies[i])),
		);
		expect(comparable(replies.map(answered))).toEqual(comparable(expected));
		replies.forEach((reply) => this.tick(microsOf(reply)));
	}

	/** A listing is read piece by piece: where a record's time comes meanwhile, all is read again. */
	private async compareListing(step: ListStep): Promise<void> {
		const query = queryOf(step, this.namespace, this.now);
		for (;;) {
			const before = this.micros;
			const found = await this.listed(query);
			const expected = this.model.list(query, this.micros);
			const earlier = this.model.list(query, before);
			if (!isDeepStrictEqual(comparable(earlier), comparable(expected))) continue;
			expect(comparable(found)).toEqual(comparable(expected.map(withoutResult)));
			this.seen.add(found.length > 0 ? 'list some' : 'list none');
			return;
		}
	}

	private async listed(query: ListQuery): Promise<ListedRecord[]> {
		const found = new Map<string, ListedRecord>();
		for await (const page of allRecords(this.opened.store, query)) {
			for (const each of answered(page).records) found.set(each.identity, withoutResult(each));
			this.tick(microsOf(page));
		}
		return [...found.keys()].sort().flatMap((identity) => found.get(identity) ?? []);
	}

	private async compareNotices(step: NoticeStep): Promise<void> {
		const { store } = this.opened;
		const consumer = `${identityOf(this.namespace).slice(0, 40)}-${step.consumer}`;
		if (step.does === 'keep') {
			const notices = step.notices.map((notice) => ({
				notice,
				until: this.now + Math.ceil(step.ms),
			}));
			const reply = await store.keepNotices({ consumer, notices });
			this.tick(microsOf(reply));
			this.model.keepNotices({ consumer, notices });
			return;
		}
		const order = { consumer, notices: step.notices, holdMs: step.ms };
		const reply = await store.takeNotices(order);
		this.tick(microsOf(reply));
		const expected = this.model.takeNotices(inWholeMs(order), microsOf(reply));
		expect(answered(reply)).toEqual(expected);
		this.seen.add(expected.length > 0 ? 'notices some' : 'notices none');
	}

	async compareCounters(): Promise<void> {
		const counted = new Map<string, number>();
		for (const row of answered(await this.opened.store.stats())) {
			if (row.namespace !== this.namespace) continue;
			const name = `${row.namespace} ${row.counter}`;
			counted.set(name, (counted.get(name) ?? 0) + row.value);
		}
		expect(counted).toEqual(this.model.counters);
	}

	/** Items with a budget, and finishes of what is gone, may be asked after the others of a batch. */
	private tickAll(replies: ReadonlyArray<Parameters<typeof microsOf>[0]>): void {
		for (const micros of replies.map(microsOf).sort((a, b) => a - b)) this.tick(micros);
	}

	/** The store's time never goes back between calls. */
	private tick(micros: number): void {
		expect(micros).toBeGreaterThanOrEqual(this.micros);
		this.micros = micros;
	}
}

const withoutResult = ({ identity, state, record }: ListedRecord): ListedRecord => ({
	identity,
	state,
	record: { ...record, result: null } as ListedRecord['record'],
});
