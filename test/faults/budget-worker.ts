import { claimRequest, identityOf } from '../support/requests';
import { openStore } from './open-store';
import type { WorkerStore } from './worker-task';

/** A process that asks for one new key after another, all of one budget, as an agent in a loop does. See budgets.test.ts. */

export interface BudgetTask {
	readonly name: string;
	readonly store: WorkerStore;
	readonly tries: number;
	readonly parallel: number;
	readonly budget: { readonly identity: string; readonly limit: number; readonly windowMs: number };
	/** Sends itself SIGKILL with so many tries under way. */
	readonly dieAfter?: number;
}

/** What the store said, counted. */
export interface BudgetLine {
	readonly granted: number;
	readonly exhausted: number;
	readonly other: readonly string[];
}

async function main(task: BudgetTask): Promise<void> {
	const store = await openStore(task.store);
	let begun = 0;
	let granted = 0;
	let exhausted = 0;
	const other: string[] = [];
	const lane = async (): Promise<void> => {
		while (begun < task.tries) {
			const number = begun++;
			if (number === task.dieAfter) process.kill(process.pid, 'SIGKILL');
			const [reply] = await store.claim([
				claimRequest({
					identity: identityOf(`${task.name} ${number}`),
					owner: `${task.name} ${number}`,
					namespace: 'budgets',
					key: String(number),
					leaseMs: 600_000,
					executionId: task.name,
					budget: task.budget,
				}),
			]);
			if (!reply?.ok) other.push(String(reply?.error));
			else if (reply.answer.outcome === 'new') granted++;
			else if (reply.answer.outcome !== 'conflict') other.push(reply.answer.outcome);
			else if (reply.answer.reason === 'budget_exhausted') exhausted++;
			else other.push(reply.answer.reason);
		}
	};
	await Promise.all(Array.from({ length: task.parallel }, lane));
	await store.close();
	const line: BudgetLine = { granted, exhausted, other };
	process.stdout.write(`${JSON.stringify(line)}\n`);
}

void main(JSON.parse(process.argv[2] ?? '{}') as BudgetTask);
