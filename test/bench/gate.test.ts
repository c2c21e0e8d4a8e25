import { fallenAfterTries, fallenRatios } from '../../bench/gate/gate';
import { NOTED, NOT_NOTED } from '../../bench/gate/noted';

const row = (peer: string, ratio: number) => ({
	bench: 'claim-single',
	unit: 'claims/s',
	ours: ratio,
	peer,
	theirs: 1,
	ratio,
});
const NOTES = [
	{ bench: 'claim-single', unit: 'claims/s', peer: 'SET', ratio: 0.6 },
	{ bench: 'claim-single', unit: 'claims/s', peer: 'HSET', ratio: 3 },
];

describe('the bench', () => {
	test.each([
		['is as it was', [row('SET', 0.6), row('HSET', 3)], 0],
		['is better', [row('SET', 1.2)], 0],
		['has fallen by a third', [row('SET', 0.4), row('HSET', 2)], 0],
		['has fallen by more', [row('SET', 0.39), row('HSET', 2)], 1],
		['is not noted', [row('GET', 0.01)], 0],
		['has fallen in one try of three', [row('SET', 0.1), row('SET', 0.5), row('SET', 0.2)], 0],
		['has fallen in all tries', [row('SET', 0.1), row('SET', 0.3), row('SET', 0.2)], 1],
		['is no number', [row('SET', NaN)], 1],
	])('judges a ratio that %s', (_, rows, fallen) => {
		expect(fallenRatios(rows, NOTES)).toHaveLength(fallen);
	});

	test('says which ratio has fallen, and how far', () => {
		const rows = [row('SET', 0.1), row('SET', 0.3), row('HSET', 3)];
		expect(fallenRatios(rows, NOTES)).toEqual([
			'claim-single, claims/s, against SET: the ratio is 0.3, the best of 2 tries; 0.6 is noted for it',
		]);
	});

	test('measures what has fallen again, twice at most, and what has not no further', async () => {
		const tries = async (ratios: readonly number[]) => {
			let tried = 0;
			const fallen = await fallenAfterTries(
				NOTES,
				async () => await Promise.resolve([row('SET', ratios[tried++] ?? 0)]),
			);
			return { tried, fallen: fallen.length };
		};
		expect(await tries([0.6])).toEqual({ tried: 1, fallen: 0 });
		expect(await tries([0.2, 0.5])).toEqual({ tried: 2, fallen: 0 });
		expect(await tries([0.2, 0.2, 0.2, 0.6])).toEqual({ tried: 3, fallen: 1 });
	});

	test('notes a row once, and says of each bench why it holds a row to nothing', () => {
		const names = NOTED.map(({ bench, unit, peer }) => `${bench}, ${unit}, ${peer}`);
		expect(new Set(names).size).toBe(names.length);
		for (const { ratio } of NOTED) expect(ratio).toBeGreaterThan(0);
		for (const why of Object.values(NOT_NOTED)) expect(why).toMatch(/\w/);
	});
});
