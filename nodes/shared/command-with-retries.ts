import { setTimeout as sleep } from 'node:timers/promises';

import type { OwnerAnswer, OwnerCommand } from '../../lib/core/record';
import type { Reply, StoreProblem } from '../../lib/core/reply';
import type { Store } from '../../lib/core/store';

/** Problems that may be gone at the next try. */
const PASSING: ReadonlySet<StoreProblem> = new Set([
	'unreachable',
	'timeout',
	'loading',
	'cluster_down',
	'busy',
]);

const WAITS_MS = [200, 1000];

/**
 * Sends owner commands, and repeats those that failed for a passing reason: the side effect has happened, so saving its result is worth
 * a short wait. Repeating a command whose reply was lost is safe: a finished claim stays as it is.
 */
export async function commandWithRetries(
	store: Store,
	commands: readonly OwnerCommand[],
): Promise<ReadonlyArray<Reply<OwnerAnswer>>> {
	const replies = [...(await store.command(commands))];
	for (const wait of WAITS_MS) {
		const failed = replies.flatMap((reply, i) =>
			!reply.ok && PASSING.has(reply.error.problem) ? [i] : [],
		);
		if (failed.length === 0) break;
		await sleep(wait);
		const again = await store.command(failed.flatMap((i) => commands[i] ?? []));
		for (const [at, i] of failed.entries()) {
			const reply = again[at];
			if (reply !== undefined) replies[i] = reply;
		}
	}
	return replies;
}
