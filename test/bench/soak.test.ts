import { thirdsOf } from '../e2e/soak/under-load';

const slices = (times: readonly number[]) => ({
	slices: times.map((answerMs, minute) => ({ minute, answerMs, rssMb: 1, files: 1 })),
});

describe('a soak compares the second third of its time with the last', () => {
	test.each([
		['a pause of the machine', [9, 9, 9, 10, 11, 12, 11, 4_000, 10], [11, 11]],
		['a slice without answers', [9, 9, 9, 10, NaN, 12, 11, 11, NaN], [11, 11]],
		['what grows', [9, 9, 9, 10, 11, 12, 20, 30, 40], [11, 30]],
		['no answers at all', [9, 9, 9, 10, 11, 12, NaN, NaN, NaN], [11, NaN]],
	])('by medians: %s', (_, times, thirds) => {
		expect(thirdsOf(slices(times), 'answerMs')).toEqual(thirds);
	});
});
