import { setTimeout as sleep } from 'node:timers/promises';

import { attemptAsync } from '../embedded-store/attempt';
import { connect, holdProcess, isUsable, within } from './connection';
import { isOfConnection, isPassing } from './errors';
import type { RedisOptions, RedisTimeouts } from './options';
import { connectionDigestOf, timeoutsOf } from './options';
import type { Client } from './scripts';
import { Subscriber } from './subscriber';

const RETRY_EVERY_MS = 100;

const shared = new Map<string, SharedConnection>();

/** The connection of this process for these options and this purpose: every store that is opened with them uses it. */
export function sharedConnection(
	options: RedisOptions,
	purpose: 'all' | 'replicated' = 'all',
): SharedConnection {
	const digest = `${purpose} ${connectionDigestOf(options)}`;
	let connection = shared.get(digest);
	if (connection === undefined) {
		connection = new SharedConnection(options);
		shared.set(digest, connection);
	}
	return connection;
}

/**
 * One connection that opens when it is needed and closes when the last store is closed, or when nobody used it for a while: a
 * package that n8n reloads leaves nothing behind. Where nothing is asked it does not keep the process alive.
 */
export class SharedConnection {
	/** What was done once, by name, over this connection: see RedisStore. */
	readonly done = new Map<string, Promise<void>>();

	/** Hears, over a connection of its own, of claims that ended. */
	readonly subscriber: Subscriber;

	private client: Promise<Client> | undefined;

	private connecting: Promise<Client> | undefined;

	private stores = 0;

	private asking = 0;

	private idleTimer: NodeJS.Timeout | undefined;

	private readonly timeouts: RedisTimeouts;

	constructor(readonly options: RedisOptions) {
		this.timeouts = timeoutsOf(options);
		this.subscriber = new Subscriber(options);
	}

	open(): void {
		this.stores++;
	}

	close(): void {
		this.stores--;
		if (this.stores === 0) this.subscriber.end();
		if (this.stores === 0 && this.asking === 0) this.disconnect();
	}

	/**
	 * Asks Redis, and asks again for a while where the trouble is passing: `ask` has to be safe to repeat even if it was carried out.
	 * Ends within retryMs + connectMs + commandMs.
	 *
	 * @throws as Node.js or Redis said it; RedisTimeout
	 */
	async ask<T>(ask: (client: Client) => Promise<T>, repeat = true): Promise<T> {
		this.begin();
		const giveUpAt = performance.now() + this.timeouts.retryMs;
		let attempt = await attemptAsync(async () => await this.askOnce(ask));
		while (!attempt.ok && repeat && isPassing(attempt.error)) {
			if (performance.now() + RETRY_EVERY_MS > giveUpAt) break;
			await sleep(RETRY_EVERY_MS);
			attempt = await attemptAsync(async () => await this.askOnce(ask));
		}
		await this.end();
		if (!attempt.ok) throw attempt.error;
		return attempt.value;
	}

	private async askOnce<T>(ask: (client: Client) => Promise<T>): Promise<T> {
		const client = await this.connected();
		const attempt = await attemptAsync(
			async () => await within(ask(client), this.timeouts.commandMs, 'command'),
		);
		if (attempt.ok) return attempt.value;
		if (isOfConnection(attempt.error)) this.drop(client);
		throw attempt.error;
	}

	private async connected(): Promise<Client> {
		const current = await this.client?.catch(() => undefined);
		if (current !== undefined && isUsable(current)) return current;
		// Whoever comes meanwhile waits for the same attempt.
		this.connecting ??= connect(this.options).finally(() => (this.connecting = undefined));
		this.client = this.connecting;
		return await this.client;
	}

	/** Leaves a connection that is broken, or leads to the wrong server; what others ask on it fails and is asked again. */
	private drop(client: Client): void {
		client.disconnect();
	}

	private begin(): void {
		this.asking++;
		clearTimeout(this.idleTimer);
		if (this.asking === 1)
			void this.client?.then((client) => holdProcess(client, true)).catch(ignore);
	}

	private async end(): Promise<void> {
		this.asking--;
		if (this.asking > 0) return;
		if (this.stores === 0) {
			this.disconnect();
			return;
		}
		const client = await this.client?.catch(() => undefined);
		if (client === undefined || this.asking > 0) return;
		holdProcess(client, false);
		clearTimeout(this.idleTimer);
		this.idleTimer = setTimeout(() => this.disconnect(), this.timeouts.idleMs).unref();
	}

	private disconnect(): void {
		clearTimeout(this.idleTimer);
		const client = this.client;
		this.client = undefined;
		client?.then((open) => open.disconnect()).catch(ignore);
	}
}

function ignore(): void {}
