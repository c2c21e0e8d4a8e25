import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a server to come to a state; rejects after `limitMs`. */
export async function until(
	what: string,
	holds: () => Promise<boolean>,
	limitMs = 30_000,
): Promise<void> {
	const giveUpAt = Date.now() + limitMs;
	while (!(await holds())) {
		if (Date.now() > giveUpAt) throw new Error(`Not in time: ${what}`);
		await sleep(50);
	}
}
