import { types } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

import { attemptAsync } from '../../core/attempt';
import type { StoreError } from '../../core/reply';
import { bytesReadBy, connect, holdProcess, isUsable, within } from './connection';
import { isOfConnection, isVague, isPassing } from './errors';
import { findCause } from './find-cause';
import type { RedisOptions, RedisTimeouts } from './options';
import { connectionDigestOf, timeoutsOf } from './options';
import type { Client } from './scripts';
import { Subscriber } from './subscriber';

const RETRY_EVERY_MS = 100;

/** What is sent may take so long: 1 MB a second. */
const SLOWEST_BYTES_PER_MS = 1_000;

export interface HowToAsk {
	/** Asks again for a while where the trouble is passing; unless set, it does. */
	readonly repeat?: boolean;
	/** About how many bytes are sent. */
	readonly bytes?: number;
}
const CAUSE_KEPT_MS = 3_000;

/** The connections that stores share: one for each server, user and database, and for each purpose. */
export class RedisConnections {
	private readonly connections = new Map<string, SharedConnection>();

	/** Every store that is opened with these options uses the same. What no store uses any more is forgotten. */
	to(options: RedisOptions, purpose: 'all' | 'replicated' = 'all'): SharedConnection {
		const name = `${purpose} ${connectionDigestOf(options)}`;
		const known = this.connections.get(name);
		if (known !== undefined) return known;
		const connection = new SharedConnection(options, () => this.connections.delete(name));
		this.connections.set(name, connection);
		return connection;
	}
}

/**
 * One connection that opens when it is needed and closes when the last store is closed, or when nobody used it for a while: a
 * package that n8n reloads leaves nothing behind. Where nothing is asked it does not keep the process alive.
 */
export class SharedConnection {
	/** What is done once over this connection, by name: see RedisStore. */
	readonly once = new Map<string, Promise<void> | 'done'>();

	/** Hears, over a connection of its own, of claims that ended. */
	readonly subscriber: Subscriber;

	private client: Client | undefined;

	private connecting: Promise<Client> | undefined;

	/** Errors for which there is no connection: their cause is worth a look. */
	private readonly ofConnecting = new WeakSet<object>();

	private cause: { readonly since: number; readonly found: Promise<StoreError> } | undefined;

	private lastUsed = 0;

	private stores = 0;

	private asking = 0;

	private idleTimer: NodeJS.Timeout | undefined;

	/** Sent, and not answered yet. */
	private bytesUnderWay = 0;

	private readonly timeouts: RedisTimeouts;

	/** @param onUnused called when the last store was closed; another may be opened all the same */
	constructor(
		readonly options: RedisOptions,
		private readonly onUnused: () => void,
	) {
		this.timeouts = timeoutsOf(options);
		this.subscriber = new Subscriber(options);
	}

	open(): void {
		this.stores++;
	}

	close(): void {
		this.stores--;
		if (this.stores > 0) return;
		this.onUnused();
		this.subscriber.end();
		if (this.asking === 0) this.disconnect();
	}

	/**
	 * Asks Redis, and asks again for a while where the trouble is passing: `ask` has to be safe to repeat even if it was carried out.
	 * Ends within retryMs + connectMs + commandMs, or CAUSE_LIMIT_MS later where its failure is explained.
	 *
	 * @throws as Node.js or Redis said it; RedisTimeout; StoreError where the cause was found
	 */
	async ask<T>(
		ask: (client: Client) => Promise<T>,
		{ repeat = true, bytes = 0 }: HowToAsk = {},
	): Promise<T> {
		this.begin();
		const giveUpAt = performance.now() + this.timeouts.retryMs;
		let attempt = await attemptAsync(async () => await this.askOnce(ask, bytes));
		while (!attempt.ok && repeat && isPassing(attempt.error)) {
			if (performance.now() + RETRY_EVERY_MS > giveUpAt) break;
			await sleep(RETRY_EVERY_MS);
			attempt = await attemptAsync(async () => await this.askOnce(ask, bytes));
		}
		if (!attempt.ok) {
			const { error } = attempt;
			attempt = {
				ok: false,
				error: this.mayBeExplained(error) ? await this.causeOf(error) : error,
			};
		}
		this.end();
		if (!attempt.ok) throw attempt.error;
		return attempt.value;
	}

	private mayBeExplained(error: unknown): boolean {
		return this.ofConnecting.has(error as object) || isVague(error);
	}

	/** Whoever fails meanwhile, or soon after, is told the same. */
	private async causeOf(error: unknown): Promise<StoreError> {
		const now = performance.now();
		if (this.cause === undefined || now - this.cause.since > CAUSE_KEPT_MS) {
			this.cause = { since: now, found: findCause(this.options, error) };
		}
		return await this.cause.found;
	}

	private async askOnce<T>(ask: (client: Client) => Promise<T>, bytes: number): Promise<T> {
		// Where there is a connection, nothing is awaited before the question is sent: a batch's first part is on its way
		// while the next is made.
		const client = this.usable() ?? (await this.connected());
		this.bytesUnderWay += bytes;
		const limitMs = this.timeouts.commandMs + Math.ceil(this.bytesUnderWay / SLOWEST_BYTES_PER_MS);
		const attempt = await attemptAsync(
			async () => await within(ask(client), limitMs, 'command', () => bytesReadBy(client)),
		);
		this.bytesUnderWay -= bytes;
		if (attempt.ok) return attempt.value;
		// It is broken, or leads to the wrong server; what others ask over it fails and is asked again.
		if (isOfConnection(attempt.error)) client.disconnect();
		throw attempt.error;
	}

	private usable(): Client | undefined {
		return this.client !== undefined && isUsable(this.client) ? this.client : undefined;
	}

	/** Whoever comes while it connects waits for the same attempt. */
	private async connected(): Promise<Client> {
		this.connecting ??= connect(this.options).finally(() => (this.connecting = undefined));
		const connected = await attemptAsync(async () => await (this.connecting as Promise<Client>));
		if (!connected.ok) {
			if (types.isNativeError(connected.error)) this.ofConnecting.add(connected.error);
			throw connected.error;
		}
		this.client = connected.value;
		this.cause = undefined;
		return this.client;
	}

	private begin(): void {
		this.asking++;
		const client = this.usable();
		if (this.asking === 1 && client !== undefined) holdProcess(client, true);
	}

	private end(): void {
		this.asking--;
		if (this.asking > 0) return;
		if (this.stores === 0) {
			this.disconnect();
			return;
		}
		const client = this.usable();
		if (client === undefined) return;
		holdProcess(client, false);
		this.lastUsed = performance.now();
		this.idleTimer ??= this.closeWhenIdle(this.timeouts.idleMs);
	}

	private closeWhenIdle(inMs: number): NodeJS.Timeout {
		return setTimeout(() => {
			const left = this.lastUsed + this.timeouts.idleMs - performance.now();
			this.idleTimer = undefined;
			if (this.asking > 0) return;
			if (left <= 0) this.disconnect();
			else this.idleTimer = this.closeWhenIdle(left);
		}, inMs).unref();
	}

	private disconnect(): void {
		clearTimeout(this.idleTimer);
		this.idleTimer = undefined;
		this.client?.disconnect();
		this.client = undefined;
	}
}
