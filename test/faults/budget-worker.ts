import { createHash } from 'node:crypto';

import type { Store } from '../../lib/core/store';
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

async function open(store: WorkerStore): Promise<Store> {
	if (store.kind === 'redis') {
		return (await import('../../lib/stores/redis')).openRedisStore(store.options);
	}
	return await (await import('../../lib/stores/embedded')).openEmbeddedStore(store);
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

async function main(task: BudgetTask): Promise<void> {
	const store = await open(task.store);
	let begun = 0;
	let granted = 0;
	let exhausted = 0;
	const other: string[] = [];
	const lane = async (): Promise<void> => {
		while (begun < task.tries) {
			const number = begun++;
			if (number === task.dieAfter) process.kill(process.pid, 'SIGKILL');
			const [reply] = await store.claim([
				{
					identity: digest(`${task.name} ${number}`),
					owner: `${task.name} ${number}`,
					fingerprint: '',
					fieldDigests: new Uint8Array(),
					tenant: '',
					namespace: 'budgets',
					key: String(number),
					eventAt: null,
					leaseMs: 600_000,
					claimTimeoutMs: 600_000,
					retentionMs: 3_600_000,
					onUnknownOutcome: 'hold',
					maxAttempts: null,
					extendRetention: false,
					strictAge: false,
					pending: false,
					workflowId: 'workflow',
					executionId: task.name,
					budget: task.budget,
				},
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
