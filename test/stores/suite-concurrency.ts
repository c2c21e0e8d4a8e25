import type { ClaimRequest } from '../../lib/core/record';
import {
	LEASE,
	answered,
	bytes,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	recordOf,
} from '../support/requests';
import type { OpenedStore, StoreHarness } from './suite';

const CLAIMANTS = 50;

/** The promise itself, with claimants that truly run at once, over two openings of the same data. */
export function describeConcurrency(harness: StoreHarness): void {
	describe('at once', () => {
		let opened: OpenedStore;
		beforeAll(async () => {
			opened = await harness.open();
		});
		afterAll(async () => await opened.close());

		const claimants = (over: Partial<ClaimRequest> & { identity: string }): ClaimRequest[] =>
			Array.from({ length: CLAIMANTS }, (_, i) => claimRequest({ ...over, owner: `owner ${i}` }));

		const allAtOnce = async (requests: readonly ClaimRequest[]) => {
			const stores = [opened.store, await opened.openAgain()];
			const replies = await Promise.all(
				requests.map(async (request, i) => {
					const store = stores[i % stores.length] ?? opened.store;
					return { request, reply: (await store.claim([request]))[0] };
				}),
			);
			await stores[1]?.close();
			return replies.map(({ request, reply }) => ({ request, reply, answer: answered(reply) }));
		};

		it('grants a new key to exactly one of many', async () => {
			for (let round = 0; round < 10; round++) {
				const answers = await allAtOnce(claimants({ identity: freshIdentity('race') }));
				const winners = answers.filter(({ answer }) => answer.outcome === 'new');
				expect(winners).toHaveLength(1);
				for (const { answer } of answers) {
					if (answer.outcome === 'new') continue;
					expect(answer).toMatchObject({ outcome: 'conflict', reason: 'in_progress' });
				}
			}
		});

		it('grants a lapsed key to exactly one of many, with a higher fence', async () => {
			const identity = freshIdentity('lapsed race');
			const first = claimRequest({ identity, owner: 'gone', onUnknownOutcome: 'retry' });
			const fence = fenceOf((await opened.store.claim([first]))[0]);
			await opened.advance(LEASE + 1);
			const answers = await allAtOnce(claimants({ identity, onUnknownOutcome: 'retry' }));
			const winners = answers.filter(({ answer }) => answer.outcome === 'new');
			expect(winners).toHaveLength(1);
			expect(fenceOf(winners[0]?.reply)).toBeGreaterThan(fence);

			const [late] = await opened.store.command([finishOf(first, fence)]);
			expect(answered(late)).toMatchObject({ outcome: 'superseded', reason: 'taken_over' });
		});

		it('lets exactly one of many finishers write, and keeps its result', async () => {
			const request = claimRequest({ identity: freshIdentity('finish race') });
			const fence = fenceOf((await opened.store.claim([request]))[0]);
			const answers = await Promise.all(
				Array.from({ length: CLAIMANTS }, async (_, i) => {
					const order = finishOf(request, fence, { result: bytes(i) });
					return answered((await opened.store.command([order]))[0]).outcome;
				}),
			);
			expect(answers.filter((outcome) => outcome === 'done')).toHaveLength(1);
			expect(answers.filter((outcome) => outcome === 'kept')).toHaveLength(CLAIMANTS - 1);
			const [stored] = await opened.store.get([request.identity]);
			expect(recordOf(answered(stored)).result?.[0]).toBe(answers.indexOf('done'));
		});

		it('grants each key of overlapping batches once', async () => {
			const identities = Array.from({ length: 200 }, () => freshIdentity('overlap'));
			const batches = await Promise.all(
				Array.from({ length: 10 }, async (_, i) => {
					const shuffled = [...identities.slice(i * 20), ...identities.slice(0, i * 20)];
					const requests = shuffled.map((identity) =>
						claimRequest({ identity, owner: `owner ${i}` }),
					);
					return (await opened.store.claim(requests)).map((reply, j) => ({
						identity: shuffled[j] ?? '',
						outcome: answered(reply).outcome,
					}));
				}),
			);
			const granted = batches.flat().filter(({ outcome }) => outcome === 'new');
			expect(granted.map(({ identity }) => identity).sort()).toEqual([...identities].sort());
		});

		it('counts every duplicate', async () => {
			const request = claimRequest({ identity: freshIdentity('counted') });
			const fence = fenceOf((await opened.store.claim([request]))[0]);
			await opened.store.command([finishOf(request, fence)]);
			const answers = await allAtOnce(claimants({ identity: request.identity }));
			for (const { answer } of answers) expect(answer.outcome).toBe('duplicate');
			const [stored] = await opened.store.get([request.identity]);
			expect(recordOf(answered(stored)).duplicates).toBe(CLAIMANTS);
		});
	});
}
