import { checkServerIdentity } from 'node:tls';
import type { ClusterOptions, RedisOptions as ClientOptions } from 'ioredis';
import { Cluster, Redis } from 'ioredis';
import type { NetStream } from 'ioredis/built/types';

import { attemptAsync } from '../../core/attempt';
import { StoreError } from '../../core/reply';
import { RedisTimeout, isPassing } from './errors';
import type { RedisNode, RedisOptions } from './options';
import { definedOf, timeoutsOf } from './options';
import { type Client, defineScripts } from './scripts';

/** How the connection shows in CLIENT LIST. */
const CONNECTION_NAME = 'n8n-nodes-idempotency';

/**
 * Opens one connection (to a cluster: one for each node that is needed) and waits until it may be used. It never connects again by
 * itself, queues nothing while it is down and resends nothing: the pool decides that.
 *
 * @throws what went wrong first, as Node.js or Redis said it; RedisTimeout
 */
export async function connect(options: RedisOptions): Promise<Client> {
	const { connectMs } = timeoutsOf(options);
	const client = createClient(options);
	let failure: unknown;
	const troubles: unknown[] = [];
	client.on('error', (error: unknown) => (failure ??= error));
	// Of one node or sentinel: the others may do.
	for (const event of ['sentinelError', 'node error']) {
		client.on(event, (error: unknown) => troubles.push(error));
	}
	const connected = await attemptAsync(
		async () => await within(readyOf(client), connectMs, 'connect'),
	);
	// A connection that is ready after an error is not what was asked for: another database, for one.
	if (!connected.ok || failure !== undefined) {
		client.disconnect();
		// A sentinel or node that refuses us says more than one that is not there, and than the sum of them.
		const telling = troubles.find((error) => !isPassing(error));
		throw telling ?? failure ?? troubles[0] ?? (connected.ok ? undefined : connected.error);
	}
	defineScripts(client);
	return client;
}

/** ioredis calls a cluster connected before it has read which node serves which slot. */
async function readyOf(client: Client): Promise<void> {
	await client.connect();
	if (client.status === 'ready') return;
	await new Promise<void>((resolve, reject) => {
		client.once('ready', resolve);
		client.once('end', () => reject(new Error('Connection is closed.')));
	});
}

/** A line that is slow, and not cut, has brought what was asked for by then. */
const MOST_WAITS = 6;

/**
 * Waits for `answer`, but not longer than `ms` after the last progress, and never longer than MOST_WAITS times that: what comes in may be
 * the answers to others alone, while one request was lost on the way, or one node of a cluster hangs. Where this process was too busy to look, the answer may have
 * come meanwhile: it counts as in time.
 *
 * @param progress a number that grows while the answer, or one before it, comes in
 */
export async function within<T>(
	answer: Promise<T>,
	ms: number,
	phase: 'connect' | 'command',
	progress: () => number = () => 0,
): Promise<T> {
	return await new Promise<T>((resolve, reject) => {
		let timer: NodeJS.Timeout;
		let isOver = false;
		let waits = 0;
		const wait = (seen: number) => {
			waits++;
			timer = setTimeout(() => {
				setImmediate(() => {
					setImmediate(() => {
						const now = progress();
						if (isOver) return;
						if (now === seen || waits === MOST_WAITS) reject(new RedisTimeout(phase, ms * waits));
						else wait(now);
					});
				});
			}, ms);
		};
		wait(progress());
		answer.then(
			(value) => {
				isOver = true;
				clearTimeout(timer);
				resolve(value);
			},
			(error: unknown) => {
				isOver = true;
				clearTimeout(timer);
				reject(error);
			},
		);
	});
}

export function bytesReadBy(client: Client): number {
	return streamsOf(client).reduce((sum, stream) => sum + stream.bytesRead, 0);
}

/** Keeps the process alive for the connection, or lets it end. */
export function holdProcess(client: Client, hold: boolean): void {
	for (const stream of streamsOf(client)) {
		if (hold) stream.ref();
		else stream.unref();
	}
}

export function isUsable(client: Client): boolean {
	return client.status === 'ready';
}

function streamsOf(client: Client): NetStream[] {
	if (client instanceof Redis) return client.stream ? [client.stream] : [];
	return client.nodes().flatMap((node) => (node.stream ? [node.stream] : []));
}

function createClient(options: RedisOptions): Client {
	const { deployment, nodes = [], sentinelName } = options;
	const common = commonOptions(options);
	if (deployment === 'standalone') {
		const { host, port } = nodeOf(options);
		return new Redis({ ...common, host, port });
	}
	if (nodes.length === 0) {
		throw new StoreError('configuration', 'Name at least one node in the credential.');
	}
	if (deployment === 'cluster') {
		return new Cluster(nodes.map(nodeOf), clusterOptions(common, nodes));
	}
	if (!sentinelName) {
		throw new StoreError(
			'configuration',
			'Name the primary as the sentinels know it (often "mymaster") in the credential.',
		);
	}
	return new Redis({ ...common, ...sentinelOptions(options, sentinelName) });
}

function commonOptions(options: RedisOptions): ClientOptions {
	const { user, password, database, tls } = options;
	return {
		username: user || undefined,
		password: password || undefined,
		db: options.deployment === 'cluster' ? 0 : (database ?? 0),
		tls: tls === undefined ? undefined : definedOf({ ...tls }),
		connectionName: CONNECTION_NAME,
		connectTimeout: timeoutsOf(options).connectMs,
		disconnectTimeout: 200,
		lazyConnect: true,
		retryStrategy: null,
		enableOfflineQueue: false,
		autoResendUnfulfilledCommands: false,
		maxRetriesPerRequest: 0,
		// INFO, CLIENT SETINFO and HELLO need rights, or versions, that the store can do without.
		enableReadyCheck: false,
		disableClientInfo: true,
		protocol: 2,
	};
}

function sentinelOptions(options: RedisOptions, name: string): ClientOptions {
	const { nodes = [], sentinelUser, sentinelPassword, tls } = options;
	return {
		sentinels: nodes.map(nodeOf),
		name,
		sentinelUsername: sentinelUser || undefined,
		sentinelPassword: sentinelPassword || undefined,
		sentinelRetryStrategy: () => null,
		sentinelCommandTimeout: timeoutsOf(options).connectMs,
		sentinelTLS: tls === undefined ? undefined : definedOf({ ...tls }),
		enableTLSForSentinelMode: tls !== undefined,
	};
}

function clusterOptions(common: ClientOptions, nodes: readonly RedisNode[]): ClusterOptions {
	const { tls } = common;
	return {
		redisOptions: {
			...common,
			tls:
				tls === undefined || tls.servername
					? tls
					: { ...tls, checkServerIdentity: isNodeOrOneOf(nodes.map(({ host }) => host)) },
		},
		// A node is connected to by the name that the cluster announces: an address would not be in its certificate.
		dnsLookup: (address, callback) => callback(null, address),
		lazyConnect: true,
		clusterRetryStrategy: () => null,
		enableReadyCheck: true,
		slotsRefreshTimeout: common.connectTimeout,
		maxRedirections: 5,
		// A command whose connection broke may have been carried out: whether to ask again is the pool's decision.
		retryDelayOnFailover: 0,
		retryDelayOnClusterDown: 100,
	};
}

/** A cluster may announce addresses where its certificates hold the name that it was asked for by: both will do. */
function isNodeOrOneOf(names: readonly string[]): typeof checkServerIdentity {
	return (host, certificate) => {
		const mismatch = checkServerIdentity(host, certificate);
		if (mismatch === undefined) return undefined;
		return names.some((name) => checkServerIdentity(name, certificate) === undefined)
			? undefined
			: mismatch;
	};
}

function nodeOf({ host, port }: Partial<RedisNode>): RedisNode {
	return { host: host || 'localhost', port: port ?? 6379 };
}
