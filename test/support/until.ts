import { setTimeout as sleep } from 'node:timers/promises';

const LONGEST_PAUSE_MS = 50;

/** Waits until something holds, and asks again and again; rejects after `limitMs`, so that no test waits for ever. */
export async function until(
	what: string,
	holds: () => boolean | Promise<boolean>,
	limitMs = 60_000,
): Promise<void> {
	const giveUpAt = Date.now() + limitMs;
	for (let pause = 2; !(await holds()); pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
		if (Date.now() > giveUpAt) throw new Error(`Not in time: ${what}`);
		await sleep(pause);
	}
}
