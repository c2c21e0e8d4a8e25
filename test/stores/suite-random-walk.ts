import fc from 'fast-check';

import type { Stored } from '../../lib/core/record';
import { answered, comparable, freshIdentity, identityOf, microsOf } from './requests';
import { Model, byLeaseEnd } from './model';
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

/** Same seed, same walks: a failure is repeated by running the suite again, and IDEMPOTENCY_SEED makes others. */
const SEED = Number(process.env.IDEMPOTENCY_SEED ?? 20_260_101);
const WALKS = 300;
const LONGEST_WALK = 60;
const TIME_LIMIT_MS = 20_000;

/** Every answer that the walks must have met, or they prove less than they say. */
const EVERY_ANSWER = [
	'claim new',
	'claim takeover',
	'claim duplicate',
	'claim payload_mismatch',
	'claim in_progress',
	'claim unknown_outcome',
	'claim retry_later',
	'claim attempts_exhausted',
	'claim budget_exhausted',
	'claim stale_key',
	'claim tenant_mismatch',
	...['finish', 'release', 'park'].flatMap((type) =>
		['done', 'kept', 'superseded', 'refused'].map((outcome) => `${type} ${outcome}`),
	),
	'abandon done',
	'abandon kept',
	'finish recovered',
	'finish taken_over',
	'finish forgotten',
	'finish expired',
	...['renew', 'start'].flatMap((type) => [`${type} done`, `${type} lost`, `${type} superseded`]),
	'deposit done',
	'deposit kept',
	'resolve done',
	'resolve changed',
	'resolve refused',
	'forget done',
	'forget kept',
	'forget refused',
];

export function describeRandomWalk(harness: StoreHarness): void {
	describe('answers and records are those of transitions.ts', () => {
		let opened: OpenedStore;
		beforeAll(async () => {
			opened = await harness.open();
		});
		afterAll(async () => await opened.close());

		it('over random walks of three owners on three keys', async () => {
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
				{ seed: SEED, numRuns: WALKS, interruptAfterTimeLimit: TIME_LIMIT_MS, endOnFailure: false },
			);
			expect(EVERY_ANSWER.filter((answer) => !seen.has(answer))).toEqual([]);
			expect(steps).toBeGreaterThan(1_000);
		}, 120_000);
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
			case 'findOpen':
				await this.compareOpen(step.inMs);
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
		const expected = requests.map((request, i) => this.model.claim(request, microsOf(replies[i])));
		expect(comparable(replies.map(answered))).toEqual(comparable(expected));
		replies.forEach((reply, i) => {
			this.tick(microsOf(reply));
			const request = requests[i];
			const answer = answered(reply);
			if (request !== undefined && answer.outcome === 'new') {
				this.grants.add(request, answer.fence);
			}
			this.seen.add(`claim ${answer.outcome === 'conflict' ? answer.reason : answer.outcome}`);
			if (answer.outcome === 'new' && answer.takeover) this.seen.add('claim takeover');
		});
	}

	private async command(step: Step & { type: 'command' }): Promise<void> {
		const orders = step.items.map((item) =>
			commandOf(item, this.grants, this.identity(item.key), this.namespace),
		);
		const replies = await this.opened.store.command(orders);
		const expected = orders.map((order, i) => this.model.command(order, microsOf(replies[i])));
		expect(comparable(replies.map(answered))).toEqual(comparable(expected));
		replies.forEach((reply, i) => {
			this.tick(microsOf(reply));
			const type = orders[i]?.type ?? '';
			const answer = answered(reply);
			this.seen.add(`${type} ${answer.outcome}`);
			if (answer.outcome === 'superseded') this.seen.add(`${type} ${answer.reason}`);
			if (answer.outcome === 'done' && answer.recovered) this.seen.add(`${type} recovered`);
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

	private async compareOpen(inMs: number): Promise<void> {
		const leaseEndsBefore = this.now + inMs;
		const reply = await this.opened.store.findOpen({ leaseEndsBefore, limit: 100_000 });
		this.tick(microsOf(reply));
		const found = answered(reply).filter(({ identity }) => this.identities.includes(identity));
		expect([...found].sort(byLeaseEnd)).toEqual(this.model.open(leaseEndsBefore, microsOf(reply)));
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

	/** The store's time never goes back between calls. */
	private tick(micros: number): void {
		expect(micros).toBeGreaterThanOrEqual(this.micros);
		this.micros = micros;
	}
}
