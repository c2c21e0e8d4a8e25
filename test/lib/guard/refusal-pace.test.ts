import { PACE, RefusalPace } from '../../../lib/guard/refusal-pace';

test('answers under one name go out one after the other, and none waits for longer than a second', () => {
	const pace = new RefusalPace();
	const delays = Array.from({ length: 10_000 }, () => pace.delayOf('noisy', 5_000));
	expect(delays.slice(0, 4)).toEqual([0, 100, 200, 300]);
	expect(Math.max(...delays)).toBe(PACE.longestMs);
	// However long the storm was: the next answers wait no longer than those of its last second.
	expect(pace.delayOf('noisy', 5_500)).toBe(600);
	expect(pace.delayOf('quiet', 5_500)).toBe(0);
});

test('a sender that comes less often than that waits for nothing', () => {
	const pace = new RefusalPace();
	const delays = Array.from({ length: 50 }, (_, i) => pace.delayOf('slow', i * PACE.gapMs));
	expect(new Set(delays)).toEqual(new Set([0]));
});

test('only so many are held at a time', async () => {
	const pace = new RefusalPace({ gapMs: 3_600_000, longestMs: 1, mostHeld: 2 });
	const holds = Array.from({ length: 10 }, async () => await pace.hold('noisy'));
	expect(pace.held).toBe(2);
	await Promise.all(holds);
	expect(pace.held).toBe(0);
});
