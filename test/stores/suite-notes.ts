import { setTimeout as sleep } from 'node:timers/promises';

import type { Tallied } from '../../lib/core/store';
import { HOUR, answered } from '../support/requests';
import type { OpenedStore, StoreHarness } from './suite';

/** What a store keeps beside records: names, and counters of others. */
export function describeNotes(harness: StoreHarness): void {
	describe('tallies', () => {
		let opened: OpenedStore;
		beforeAll(async () => {
			opened = await harness.open();
		});
		afterAll(async () => await opened.close());

		const tally = async (keepMs: number, ...counts: Tallied[]) =>
			expect(answered(await opened.store.tally({ counts, keepMs }))).toBeNull();
		const tallied = async (...buckets: string[]) =>
			[...answered(await opened.store.tallied(buckets))].sort((a, b) => (a.name < b.name ? -1 : 1));

		it('are added up by bucket and name, for all who have the store open', async () => {
			expect(await tallied('monday', 'tuesday')).toEqual([]);
			const odd = '["ß 🎉","a|b"]';
			await tally(HOUR, { bucket: 'monday', name: odd, by: 2 });
			await tally(
				HOUR,
				{ bucket: 'monday', name: odd, by: 3 },
				{ bucket: 'tuesday', name: 'x', by: 1 },
			);
			const again = await opened.openAgain();
			expect(answered(await again.tally({ counts: [], keepMs: 1 }))).toBeNull();
			expect(answered(await again.tallied(['monday']))).toEqual([
				{ bucket: 'monday', name: odd, by: 5 },
			]);
			expect(await tallied('monday', 'tuesday', 'sunday')).toEqual([
				{ bucket: 'monday', name: odd, by: 5 },
				{ bucket: 'tuesday', name: 'x', by: 1 },
			]);
		});

		it('are forgotten', async () => {
			await tally(1, { bucket: 'short', name: 'x', by: 1 });
			await opened.advance(10);
			while ((await tallied('short')).length > 0) await sleep(5);
		});
	});

	describe('names', () => {
		let opened: OpenedStore;
		beforeAll(async () => {
			opened = await harness.open();
		});
		afterAll(async () => await opened.close());

		const note = async (namespace: string, name: string, lifetimeMs = HOUR) =>
			expect(answered(await opened.store.noteName({ namespace, name, lifetimeMs }))).toBeNull();
		const names = async (...namespaces: string[]) =>
			Object.fromEntries(answered(await opened.store.names(namespaces)));

		it('are those that were noted last', async () => {
			expect(await names('one', 'two')).toEqual({});
			await note('one', 'Orders › Guard');
			await note('two', 'Zahlungen › ß 🎉');
			await note('one', 'Orders › Once');
			const expected = { one: 'Orders › Once', two: 'Zahlungen › ß 🎉' };
			expect(await names('one', 'two', 'three')).toEqual(expected);
			expect(await names()).toEqual({});
		});

		it('are forgotten', async () => {
			await note('short', 'Soon gone', 1);
			await opened.advance(10);
			while (Object.keys(await names('short')).length > 0) await sleep(5);
		});
	});
}
