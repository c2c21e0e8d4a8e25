import { attemptAsync } from '../../core/attempt';
import { connect, holdProcess, isUsable, within } from './connection';
import { isOfConnection } from './errors';
import type { RedisOptions, RedisTimeouts } from './options';
import { timeoutsOf } from './options';
import type { Client } from './scripts';

/** After trouble, listening begins again so much later: whoever waits looks by itself meanwhile. */
const AGAIN_MS = 1_000;

type Listeners = Map<string, Set<() => void>>;

/**
 * One connection for all that wait: it listens to the channels that somebody wants, opens when there is one, closes when there has
 * been none for a while, and never keeps the process alive.
 */
export class Subscriber {
	/** By channel and message. A channel is wanted as long as it is here. */
	private readonly wanted = new Map<string, Listeners>();

	private readonly subscribed = new Set<string>();

	private client: Client | undefined;

	private reconciling = false;

	private timer: NodeJS.Timeout | undefined;

	private readonly timeouts: RedisTimeouts;

	constructor(private readonly options: RedisOptions) {
		this.timeouts = timeoutsOf(options);
	}

	/** Calls `listener` when the message comes on the channel, and once when the channel is listened to. @returns ends that */
	listen(channel: string, message: string, listener: () => void): () => void {
		const listeners = this.wanted.get(channel) ?? new Map<string, Set<() => void>>();
		this.wanted.set(channel, listeners);
		const own = () => listener();
		listeners.set(message, (listeners.get(message) ?? new Set()).add(own));
		if (this.subscribed.has(channel)) queueMicrotask(own);
		else this.reconcile();
		return () => {
			const same = listeners.get(message);
			same?.delete(own);
			if (same?.size === 0) listeners.delete(message);
			if (listeners.size > 0 || this.wanted.get(channel) !== listeners) return;
			this.wanted.delete(channel);
			this.reconcile();
		};
	}

	/** Closes the connection where nobody listens. */
	end(): void {
		if (this.wanted.size === 0 && !this.reconciling) this.disconnect();
	}

	/** Makes what is listened to what is wanted; one attempt at a time. */
	private reconcile(): void {
		if (this.reconciling) return;
		this.reconciling = true;
		clearTimeout(this.timer);
		void attemptAsync(async () => await this.subscribeToWanted()).then((done) => {
			this.reconciling = false;
			if (!done.ok) {
				if (isOfConnection(done.error)) this.disconnect();
				this.later(AGAIN_MS, () => this.reconcile());
			} else if (this.isBehind()) {
				this.reconcile();
			} else if (this.wanted.size === 0) {
				this.later(this.timeouts.idleMs, () => this.disconnect());
			}
		});
	}

	private async subscribeToWanted(): Promise<void> {
		const missing = [...this.wanted.keys()].filter((channel) => !this.subscribed.has(channel));
		if (missing.length > 0) {
			const client = await this.connected();
			await this.inTime(client.subscribe(...missing));
			if (client !== this.client) throw new Error('Connection is closed.');
			for (const channel of missing) {
				this.subscribed.add(channel);
				callAll(this.wanted.get(channel));
			}
		}
		const left = [...this.subscribed].filter((channel) => !this.wanted.has(channel));
		for (const channel of left) this.subscribed.delete(channel);
		if (left.length > 0) await this.inTime(this.client?.unsubscribe(...left));
	}

	private isBehind(): boolean {
		const { wanted, subscribed } = this;
		return (
			wanted.size !== subscribed.size || [...wanted.keys()].some((one) => !subscribed.has(one))
		);
	}

	private async connected(): Promise<Client> {
		if (this.client !== undefined && isUsable(this.client)) return this.client;
		const client = await connectToListen(this.options);
		holdProcess(client, false);
		this.subscribed.clear();
		this.client = client;
		client.on('message', (channel: string, message: string) => {
			for (const listener of [...(this.wanted.get(channel)?.get(message) ?? [])]) listener();
		});
		client.once('end', () => {
			if (this.client !== client) return;
			this.disconnect();
			if (this.wanted.size > 0) this.later(AGAIN_MS, () => this.reconcile());
		});
		return client;
	}

	private disconnect(): void {
		const client = this.client;
		this.client = undefined;
		this.subscribed.clear();
		client?.disconnect();
	}

	private later(ms: number, work: () => void): void {
		clearTimeout(this.timer);
		this.timer = setTimeout(work, ms).unref();
	}

	private async inTime(answer: Promise<unknown> | undefined): Promise<void> {
		if (answer !== undefined) await within(answer, this.timeouts.commandMs, 'command');
	}
}

function callAll(listeners: Listeners | undefined): void {
	for (const same of [...(listeners?.values() ?? [])]) {
		for (const listener of [...same]) listener();
	}
}

/** In a cluster any node will do: each hears what is published on any other. */
async function connectToListen(options: RedisOptions): Promise<Client> {
	if (options.deployment !== 'cluster') return await connect(options);
	let failure: unknown = new Error('Connection is closed.');
	for (const { host, port } of options.nodes ?? []) {
		const node = { ...options, deployment: 'standalone' as const, database: 0, host, port };
		const connected = await attemptAsync(async () => await connect(node));
		if (connected.ok) return connected.value;
		failure = connected.error;
	}
	throw failure;
}
