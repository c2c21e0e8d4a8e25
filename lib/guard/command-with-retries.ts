import { setTimeout as sleep } from 'node:timers/promises';

import type { OwnerAnswer, OwnerCommand } from '../core/record';
import type { Reply, StoreProblem } from '../core/reply';
import type { Store } from '../core/store';
import { SLICE_BYTES, SLICE_LENGTH, Turns } from './turns';

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

/**
 * Makes a command for each of `count` claims and sends them in slices, bounded by their number and by the bytes of results: a batch of any
 * size neither holds the loop nor is held in memory at once.
 */
export async function commandInSlices(
	store: Store,
	count: number,
	commandFor: (index: number) => OwnerCommand | Promise<OwnerCommand>,
	turns = new Turns(),
): Promise<Array<Reply<OwnerAnswer>>> {
	const replies: Array<Reply<OwnerAnswer>> = [];
	let slice: OwnerCommand[] = [];
	let bytes = 0;
	for (let index = 0; index < count; index++) {
		const command = await commandFor(index);
		slice.push(command);
		bytes += 'result' in command ? (command.result?.byteLength ?? 0) : 0;
		if (turns.isOver(STEPS_OF_A_COMMAND)) await turns.next();
		if (slice.length >= SLICE_LENGTH || bytes >= SLICE_BYTES || index === count - 1) {
			replies.push(...(await commandWithRetries(store, slice)));
			slice = [];
			bytes = 0;
			await turns.next();
		}
	}
	return replies;
}

/** To encode a result takes as long as many steps of a walk. */
const STEPS_OF_A_COMMAND = 64;
