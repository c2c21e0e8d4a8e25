import { GAP_MS, LONGEST_MS, RefusalPace } from '../../../lib/guard/refusal-pace';

test('answers under one name go out one after the other, and none waits for longer than a second', () => {
	const pace = new RefusalPace();
	const delays = Array.from({ length: 10_000 }, () => pace.delayOf('noisy', 5_000));
	expect(delays.slice(0, 4)).toEqual([0, 250, 500, 750]);
	expect(Math.max(...delays)).toBe(LONGEST_MS);
	// However long the storm was: the next answers wait no longer than those of its last second.
	expect(pace.delayOf('noisy', 5_500)).toBe(750);
	expect(pace.delayOf('quiet', 5_500)).toBe(0);
});

test('a sender that comes less often than that waits for nothing', () => {
	const pace = new RefusalPace();
	const delays = Array.from({ length: 50 }, (_, i) => pace.delayOf('slow', i * GAP_MS));
	expect(new Set(delays)).toEqual(new Set([0]));
});

test('only so many are held at a time', async () => {
	const pace = new RefusalPace();
	const now = performance.now();
	// However slow this machine is, the next answers are not due yet.
	for (let given = 0; given < 3; given++) pace.delayOf('noisy', now + 3_600_000);
	const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 3_600_000);
	const holds = Array.from({ length: 10 }, async () => await pace.hold('noisy', 2));
	clock.mockRestore();
	expect(pace.held).toBe(2);
	await Promise.all(holds);
	expect(pace.held).toBe(0);
});
