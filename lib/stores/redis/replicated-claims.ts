import { attemptAsync } from '../../core/attempt';
import { within } from './connection';
import { timeoutsOf } from './options';
import type { SharedConnection } from './pool';
import type { Client } from './scripts';

/** How long replicas may take to acknowledge, in ms. */
const ACKNOWLEDGE_MS = 500;

/** Asks over the connection whose writes are counted. */
export type AskReplicated = <T>(
	ask: (connection: SharedConnection) => Promise<{ client: Client; value: T }>,
) => Promise<T>;

interface Member {
	readonly replicas: number;
	/** @returns whether anything was written that has to be replicated */
	readonly work: (ask: AskReplicated) => Promise<boolean>;
	readonly done: (acknowledged: number | Error) => void;
}

/**
 * Claims that count only once replicas hold them. `WAIT` asks for the writes of its own connection and stops that connection meanwhile,
 * so these claims have one of their own, and those that come during a WAIT go together: one WAIT for all of them.
 */
export class ReplicatedClaims {
	private readonly acknowledgeMs: number;

	private pending: Member[] = [];

	private running = false;

	/** @param connection used for nothing else */
	constructor(private readonly connection: SharedConnection) {
		connection.open();
		this.acknowledgeMs = Math.min(ACKNOWLEDGE_MS, timeoutsOf(connection.options).commandMs / 4);
	}

	close(): void {
		this.connection.close();
	}

	/**
	 * Runs `work`, then waits until so many replicas hold what it wrote, or for a while.
	 *
	 * @returns how many do, or why that can't be told
	 */
	async acknowledged(replicas: number, work: Member['work']): Promise<number | Error> {
		return await new Promise((done) => {
			this.pending.push({ replicas, work, done });
			if (!this.running) void this.runGroups();
		});
	}

	private async runGroups(): Promise<void> {
		this.running = true;
		while (this.pending.length > 0) await this.runGroup(this.pending.splice(0));
		this.running = false;
	}

	private async runGroup(group: readonly Member[]): Promise<void> {
		const writers = new Set<Client>();
		const ask: AskReplicated = async (one) => {
			const { client, value } = await one(this.connection);
			writers.add(client);
			return value;
		};
		const worked = await Promise.all(
			group.map(async ({ work }) => await attemptAsync(async () => await work(ask))),
		);
		const most = Math.max(...group.map(({ replicas }) => replicas));
		const isWritten = worked.some((each) => each.ok && each.value);
		const counted = isWritten
			? await attemptAsync(async () => await this.count(writers, most))
			: null;
		for (const [i, { done }] of group.entries()) {
			const own = worked[i];
			if (own?.ok === false) done(asError(own.error));
			else if (own?.value !== true || counted === null) done(Infinity);
			else done(counted.ok ? counted.value : asError(counted.error));
		}
	}

	private async count(writers: ReadonlySet<Client>, replicas: number): Promise<number> {
		const [client] = writers;
		// What was written over a connection that broke can't be asked for any more.
		if (client === undefined || writers.size > 1) return 0;
		const { commandMs } = timeoutsOf(this.connection.options);
		return await within(client.wait(replicas, this.acknowledgeMs), commandMs, 'command');
	}
}

function asError(error: unknown): Error {
	return error instanceof Error ? error : new Error(String(error));
}
