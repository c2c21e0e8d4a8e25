import { openEmbeddedStore } from '../../lib/stores/embedded';
import { StoreError } from '../../lib/core/reply';
import { claimRequest, identityOf } from '../support/requests';

/** A process of its own that claims in the file of a store: see claimers.ts. */

export interface ClaimerTask {
	readonly file: string;
	readonly owner: string;
	/** Keys are "<prefix> 0" and on: `keys` of them, or without end until the process is killed. */
	readonly prefix: string;
	readonly keys: number | null;
	readonly batch: number;
}

/** One line for each batch that was answered. */
export interface ClaimerLine {
	readonly granted?: readonly string[];
	readonly refused?: number;
	readonly problem?: string;
}

const say = (line: ClaimerLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function main(task: ClaimerTask): Promise<void> {
	const store = await openEmbeddedStore({ file: task.file });
	for (let from = 0; task.keys === null || from < task.keys; from += task.batch) {
		const to = Math.min(from + task.batch, task.keys ?? Infinity);
		const requests = Array.from({ length: to - from }, (_, i) =>
			claimRequest({
				identity: identityOf(`${task.prefix} ${from + i}`),
				owner: task.owner,
			}),
		);
		const replies = await store.claim(requests);
		const granted = requests
			.filter((_, i) => {
				const reply = replies[i];
				return reply?.ok && reply.answer.outcome === 'new';
			})
			.map(({ identity }) => identity);
		const problem = replies.find((reply) => !reply.ok)?.error.problem;
		say({ granted, refused: requests.length - granted.length, problem });
	}
	await store.close();
}

main(JSON.parse(process.argv[2] ?? '{}') as ClaimerTask).catch((error: unknown) => {
	say({ problem: error instanceof StoreError ? error.problem : String(error) });
});
