import { createHash } from 'node:crypto';

import { StoreError } from '../../core/reply';

export interface RedisNode {
	readonly host: string;
	readonly port: number;
}

export interface RedisTls {
	/** PEM. Only where the server's certificate is of an authority that Node.js does not know. */
	readonly ca?: string;
	/** PEM of a client certificate and its key. */
	readonly cert?: string;
	readonly key?: string;
	/** The name in the server's certificate, where it is not the host. */
	readonly servername?: string;
	/** False takes any certificate: encrypted, but anyone may answer. */
	readonly rejectUnauthorized?: boolean;
}

export interface RedisOptions {
	readonly deployment: 'standalone' | 'sentinel' | 'cluster';
	/** Standalone. */
	readonly host?: string;
	readonly port?: number;
	/** The sentinels, or some nodes of the cluster. */
	readonly nodes?: readonly RedisNode[];
	/** The name that the sentinels know the primary by. */
	readonly sentinelName?: string;
	readonly sentinelUser?: string;
	readonly sentinelPassword?: string;
	readonly user?: string;
	readonly password?: string;
	/** Not with a cluster, which has database 0 only. */
	readonly database?: number;
	readonly tls?: RedisTls;
	/** What all keys begin with: `[A-Za-z0-9_:-]{1,64}`. */
	readonly keyPrefix?: string;
	/** Keys apart from those of records, for a trial of the scripts. */
	readonly trial?: boolean;
	readonly timeouts?: Partial<RedisTimeouts>;
	/** For tests only: how far the store's clock is moved, in ms. */
	readonly clockOffsetMs?: () => number;
}

export interface RedisTimeouts {
	/** From the first packet to a connection that may be used. */
	readonly connectMs: number;
	/** From a command to its answer. */
	readonly commandMs: number;
	/** How long passing trouble (a lost connection, a server that starts) is tried again. */
	readonly retryMs: number;
	/** A connection that nobody used for so long is closed; the next call opens another. */
	readonly idleMs: number;
}

/** A call ends within retry + connect + command: 5 s; where it can't connect, CAUSE_LIMIT_MS later at most. */
export const DEFAULT_TIMEOUTS: RedisTimeouts = Object.freeze({
	connectMs: 2_000,
	commandMs: 2_000,
	retryMs: 1_000,
	idleMs: 60_000,
});

/** For how long the cause of a failed connection is looked for. */
export const CAUSE_LIMIT_MS = 1_000;

export const DEFAULT_PREFIX = 'idem';
/** Braces would move the hash tag of a cluster's keys; *, ? and brackets are patterns where keys are listed. */
const PREFIX = /^[A-Za-z0-9_:-]{1,64}$/;

export function timeoutsOf(options: RedisOptions): RedisTimeouts {
	return { ...DEFAULT_TIMEOUTS, ...options.timeouts };
}

/** The prefix as it stands in keys. @throws StoreError `configuration` where it does not fit */
export function prefixOf(options: RedisOptions): string {
	const prefix = options.keyPrefix || DEFAULT_PREFIX;
	if (PREFIX.test(prefix)) return options.trial ? `${prefix}:~trial` : prefix;
	throw new StoreError(
		'configuration',
		'"Key Prefix" in the credential does not fit: it may hold 1 to 64 letters, digits, "-", "_" and ":"',
		{ advice: 'Correct it. Each prefix has records of its own.' },
	);
}

/** Where the store is, for messages: hosts and ports, never a user or password. */
export function addressOf(options: RedisOptions): string {
	const { deployment, nodes = [] } = options;
	if (deployment === 'standalone') return nodeOf(options);
	const list = nodes.map(nodeOf).join(', ');
	return deployment === 'sentinel' ? `the sentinels at ${list}` : `the cluster at ${list}`;
}

/** The server, the sentinels, or the nodes of the cluster that the credential names. */
export function nodesOf({
	deployment,
	host,
	port,
	nodes = [],
}: RedisOptions): readonly RedisNode[] {
	return deployment === 'standalone' ? [{ host: host || 'localhost', port: port ?? 6379 }] : nodes;
}

/** A host and its port, for messages. */
export function nodeOf({ host, port }: Partial<RedisNode>): string {
	const name = host || 'localhost';
	return `${name.includes(':') ? `[${name}]` : name}:${port ?? 6379}`;
}

/** Equal for options that may share a connection: all but the prefix and the test's clock count. */
export function connectionDigestOf(options: RedisOptions): string {
	const connection = {
		...options,
		keyPrefix: undefined,
		trial: undefined,
		clockOffsetMs: undefined,
	};
	const text = JSON.stringify(connection, (_, value: unknown) =>
		isPlainObject(value)
			? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
			: value,
	);
	return createHash('sha256').update(text).digest('hex');
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Without what is undefined or '': Node.js takes an empty certificate for a broken one. */
export function definedOf<T extends object>(value: T): T {
	return Object.fromEntries(
		Object.entries(value).filter(([, part]) => part !== undefined && part !== ''),
	) as T;
}
