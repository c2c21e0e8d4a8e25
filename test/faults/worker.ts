import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { attemptAsync } from '../../lib/core/attempt';
import { LeaseKeeper } from '../../lib/guard/lease-keeper';
import type { ClaimRequest, OwnedClaim } from '../../lib/core/record';
import type { Reply } from '../../lib/core/reply';
import type { Store } from '../../lib/core/store';
import { StoreError } from '../../lib/core/reply';
import { claimRequest, identityOf } from '../support/requests';
import { brokenStore } from './broken-stores';
import { openStore } from './open-store';
import { CAN_NOT_OPEN } from './worker-task';
import type { Step, WorkerEvent, WorkerTask } from './worker-task';

/** A process that handles deliveries as an n8n worker does: claim → act → finish, with the real stores. See worker-task.ts. */

/** A pipe is written synchronously: what was said before a SIGKILL arrives. */
const say = (event: WorkerEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

for (const name of ['unhandledRejection', 'uncaughtException'] as const) {
	process.on(name, (error: unknown) => say({ event: 'unhandled', message: String(error) }));
}

const CLAIM_TIMEOUT_MS = 600_000;

class Worker {
	private readonly agent = new Agent({ keepAlive: true });

	private readonly keeper: LeaseKeeper;

	private readonly reached = new Map<Step, number>();

	private readonly keys = new Map<string, string>();

	private deliveries = 0;

	constructor(
		private readonly task: WorkerTask,
		private readonly store: Store,
	) {
		this.keeper = new LeaseKeeper(
			{
				command: async (orders) => {
					const replies = await store.command(orders);
					for (const [i, order] of orders.entries()) {
						const reply = replies[i];
						if (!reply?.ok || reply.answer.outcome !== 'done' || order.type !== 'renew') continue;
						const leaseUntil = Math.floor(reply.micros / 1000) + order.leaseMs;
						const key = this.keys.get(order.identity) ?? '';
						say({ event: 'renewed', key, owner: order.owner, fence: order.fence, leaseUntil });
					}
					return replies;
				},
			},
			{ leaseMs: task.leaseMs, renewEveryMs: Math.ceil(task.leaseMs / 4) },
		);
	}

	async run(): Promise<void> {
		const waiting = [...this.task.deliveries];
		const lane = async (): Promise<void> => {
			for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
				const owner = `${this.task.name}-${++this.deliveries}`;
				say({ event: 'arrived', key, owner });
				await this.deliver(key, owner);
				say({ event: 'handled', key, owner });
			}
		};
		await Promise.all(Array.from({ length: this.task.parallel }, lane));
		this.agent.destroy();
		await this.store.close();
	}

	private async deliver(key: string, owner: string): Promise<void> {
		const request = this.requestFor(key, owner);
		const reply = await this.insist('claim', key, owner, async () => {
			const asked = this.store.claim([request], { minReplicas: this.task.minReplicas });
			await this.come('claiming', key, owner);
			return await asked;
		});
		if (!reply?.ok) return;
		const { answer, micros } = reply;
		if (answer.outcome === 'duplicate') {
			say({ event: 'duplicate', key, owner, result: textOf(answer.result) });
			return;
		}
		if (answer.outcome === 'conflict') {
			say({ event: 'conflict', key, owner, reason: answer.reason });
			return;
		}
		const { fence, takeover, record } = answer;
		say({ event: 'granted', key, owner, fence, micros, takeover, leaseUntil: record.leaseUntil });
		const claim: OwnedClaim = { identity: request.identity, owner, fence, ownRun: true };
		this.keys.set(request.identity, key);
		this.keeper.keep([{ ...claim, claimTimeoutMs: CLAIM_TIMEOUT_MS, isWaiting: () => false }]);
		await this.come('claimed', key, owner);
		const charge = await this.act(key, owner, fence);
		say({ event: 'acted', key, owner, charge });
		await this.come('acted', key, owner);
		await this.finish(key, request, claim, charge);
		this.keeper.drop(claim);
		await this.come('finished', key, owner);
	}

	private async finish(
		key: string,
		request: ClaimRequest,
		claim: OwnedClaim,
		charge: string | null,
	): Promise<void> {
		const { owner } = claim;
		const result = (charge ?? '').padEnd(this.task.resultBytes, '.');
		const reply = await this.insist('finish', key, owner, async () => {
			const settled = this.store.command([
				charge === null
					? { ...claim, type: 'release', retryAfterMs: 0, statusCode: 409, reason: 'refused' }
					: {
							...claim,
							type: 'finish',
							to: 'completed',
							retentionMs: request.retentionMs,
							remains: { ...request, eventAt: 0 },
							result: Buffer.from(result),
							statusCode: 200,
							reason: '',
						},
			]);
			await this.come('finishing', key, owner);
			return await settled;
		});
		if (!reply?.ok) return;
		const { answer, micros } = reply;
		const state =
			'state' in answer ? answer.state : answer.outcome === 'superseded' ? answer.reason : '';
		say({ event: 'settled', key, owner, outcome: answer.outcome, state, result, micros });
	}

	/** Calls again after a failure, as the same owner: what "Retry On Fail" and Commit do. */
	private async insist<Answer>(
		step: 'claim' | 'finish',
		key: string,
		owner: string,
		call: () => Promise<ReadonlyArray<Reply<Answer>>>,
	): Promise<Reply<Answer> | undefined> {
		for (let tries = 1; ; tries++) {
			const began = performance.now();
			const [reply] = await call();
			if (reply === undefined || reply.ok) return reply;
			const ms = Math.round(performance.now() - began);
			say({ event: 'failed', key, owner, step, problem: reply.error.problem, ms });
			if (tries >= this.task.tries) return reply;
			await sleep(this.task.waitMs);
		}
	}

	/** The side effect: null where the downstream refused it. */
	private async act(key: string, owner: string, fence: number): Promise<string | null> {
		let sent: Promise<void> = Promise.resolve();
		const answered = new Promise<string | null>((resolve, reject) => {
			const request = httpRequest(
				{ port: this.task.downstream, host: '127.0.0.1', method: 'POST', agent: this.agent },
				(response) => {
					let body = '';
					response.on('data', (data: Buffer) => (body += data.toString()));
					response.on('end', () => resolve(response.statusCode === 200 ? body : null));
				},
			);
			request.on('error', reject);
			sent = new Promise((done) => {
				request.end(JSON.stringify({ key, owner, fence }), done);
			});
		});
		await sent;
		await this.come('acting', key, owner);
		return await answered;
	}

	private async come(step: Step, key: string, owner: string): Promise<void> {
		const { interrupt } = this.task;
		if (interrupt?.step !== step) return;
		const times = (this.reached.get(step) ?? 0) + 1;
		this.reached.set(step, times);
		if (times % interrupt.every !== 0) return;
		// What was sent leaves this process first.
		await new Promise((resolve) => setImmediate(resolve));
		say({ event: 'interrupted', key, owner, step });
		process.kill(process.pid, interrupt.signal);
		await sleep(20);
	}

	private requestFor(key: string, owner: string): ClaimRequest {
		return claimRequest({
			identity: identityOf(key),
			owner,
			fingerprint: 'same',
			namespace: 'faults',
			key,
			leaseMs: this.task.leaseMs,
			claimTimeoutMs: CLAIM_TIMEOUT_MS,
			onUnknownOutcome: this.task.onUnknownOutcome,
			executionId: owner,
		});
	}
}

function textOf(result: Uint8Array | null): string | null {
	return result === null ? null : Buffer.from(result).toString();
}

async function main(): Promise<void> {
	const task = JSON.parse(process.argv[2] ?? '{}') as WorkerTask;
	const opened = await attemptAsync(async () => await openStore(task.store));
	if (opened.ok) {
		const { broken } = task;
		const store = broken === undefined ? opened.value : brokenStore(opened.value, broken);
		await new Worker(task, store).run();
		return;
	}
	// The embedded store could not be opened: no delivery was handled.
	const problem = opened.error instanceof StoreError ? opened.error.problem : 'unexpected';
	say({ event: 'failed', key: '', owner: task.name, step: 'claim', problem, ms: 0 });
	process.exitCode = CAN_NOT_OPEN;
}

void main();
