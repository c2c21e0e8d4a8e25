import type { RowsBackend, Write } from '../../../lib/stores/rows/backend';
import {
	LEASE,
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
} from '../../support/requests';
import { MemoryPlace } from '../../support/memory-place';
import { type MemoryFaults, MemoryRows, openMemoryStore } from '../../support/memory-rows';
import { Settlements } from '../../../lib/stores/rows/settlements';
import { RulesOverRows } from '../../../lib/stores/rules-over-rows';

const START = 1_800_000_000_000_000;

const granted = { outcome: 'new' };

function opened(faults: MemoryFaults = {}) {
	const place = new MemoryPlace(START);
	return { place, store: openMemoryStore(place, faults) };
}

const overRows = (rows: RowsBackend) => new RulesOverRows(rows, new Settlements());

const renewal = ({ identity, owner }: { identity: string; owner: string }, fence: number) => ({
	type: 'renew' as const,
	identity,
	owner,
	fence,
	ownRun: true,
	leaseMs: LEASE,
});

describe('calls that are made at the same time', () => {
	it('for one key, 500 of them, take three round trips at most, and one is granted', async () => {
		const { place, store } = opened();
		const identity = freshIdentity('hot');
		const replies = await Promise.all(
			Array.from({ length: 500 }, async (_, i) => {
				return (await store.claim([claimRequest({ identity, owner: `owner ${i}` })]))[0];
			}),
		);
		const answers = replies.map(answered);
		expect(answers[0]).toMatchObject(granted);
		expect(answers.filter(({ outcome }) => outcome === 'new')).toHaveLength(1);
		expect(place.steps).toBeLessThanOrEqual(3);
	});

	it('on one identity are answered in the order in which they were made', async () => {
		const { place, store } = opened();
		const first = claimRequest({ identity: freshIdentity(), onUnknownOutcome: 'retry' });
		const fence = fenceOf((await store.claim([first]))[0]);
		const owned = { identity: first.identity, owner: first.owner, fence, ownRun: true };
		const before = place.steps;
		const [released, finished, late] = await Promise.all([
			store.command([{ ...owned, type: 'release', retryAfterMs: 0, statusCode: 0, reason: '' }]),
			store.command([finishOf(first, fence)]),
			store.command([{ ...owned, type: 'release', retryAfterMs: 0, statusCode: 0, reason: '' }]),
		]);
		expect(answered(released[0])).toMatchObject({ outcome: 'done', state: 'released' });
		expect(answered(finished[0])).toMatchObject({ outcome: 'done', recovered: true });
		expect(answered(late[0])).toMatchObject({ outcome: 'kept', state: 'completed' });
		// Read once, written once.
		expect(place.steps - before).toBe(2);
	});

	it('are cut by bytes, and by their number', async () => {
		const { place, store } = opened();
		const requests = Array.from({ length: 40 }, () => claimRequest({ identity: freshIdentity() }));
		const claims = await store.claim(requests);
		const before = place.steps;
		const result = new Uint8Array(1 << 20);
		const replies = await Promise.all(
			requests.map(async (request, i) => {
				return (await store.command([finishOf(request, fenceOf(claims[i]), { result })]))[0];
			}),
		);
		for (const reply of replies) expect(answered(reply)).toMatchObject({ outcome: 'done' });
		// Of 1 MB and a little, three fit in 4 MiB: fourteen batches of a look and a write.
		expect(place.steps - before).toBe(28);
	});

	it('fail alone where the data of one is refused', async () => {
		const bad = freshIdentity('bad');
		const { store } = opened({ refuses: (identity) => identity === bad });
		const identities = [freshIdentity(), bad, freshIdentity(), freshIdentity()];
		const requests = identities.map((identity) => claimRequest({ identity }));
		const replies = (
			await Promise.all(requests.map(async (each) => await store.claim([each])))
		).flat();
		expect(replies.map(({ ok }) => ok)).toEqual([true, false, true, true]);
		const orders = requests.map((each, i) => {
			const reply = replies[i];
			return finishOf(each, reply?.ok === true ? fenceOf(reply) : START);
		});
		expect((await store.command(orders)).map(({ ok }) => ok)).toEqual([true, false, true, true]);
	});

	it('do not wait for one whose row somebody holds, which ends as busy', async () => {
		const held = freshIdentity('held');
		class HeldRow extends MemoryRows {
			override async swap(writes: readonly Write[]): Promise<boolean[]> {
				const done = await super.swap(writes.filter(({ identity }) => identity !== held));
				return writes.map(({ identity }) => identity !== held && done.shift() === true);
			}
		}
		const store = overRows(new HeldRow(new MemoryPlace(START)));
		const requests = [held, freshIdentity()].map((identity) => claimRequest({ identity }));
		const claims = await store.claim(requests);
		const ended: string[] = [];
		const replies = await Promise.all(
			requests.map(async (each, i) => {
				const [reply] = await store.command([finishOf(each, fenceOf(claims[i]))]);
				ended.push(each.identity);
				return reply;
			}),
		);
		expect(replies[0]).toMatchObject({ ok: false, error: { problem: 'busy' } });
		expect(answered(replies[1])).toMatchObject({ outcome: 'done' });
		expect(ended.at(-1)).toBe(held);
	});

	it('that renew a lease do not wait behind claims that got stuck', async () => {
		const place = new MemoryPlace(START);
		let isStuck = false;
		class StuckClaims extends MemoryRows {
			override async insertOrRead(...asked: Parameters<MemoryRows['insertOrRead']>) {
				if (isStuck) await new Promise(() => undefined);
				return await super.insertOrRead(...asked);
			}
		}
		const store = overRows(new StuckClaims(place));
		const request = claimRequest({ identity: freshIdentity() });
		const fence = fenceOf((await store.claim([request]))[0]);
		isStuck = true;
		for (let i = 0; i < 5; i++) {
			void store.claim([claimRequest({ identity: freshIdentity() })]);
			await new Promise((resolve) => setImmediate(resolve));
		}
		const [renewed] = await store.command([renewal(request, fence)]);
		expect(answered(renewed)).toMatchObject({ outcome: 'done' });
	});
});
