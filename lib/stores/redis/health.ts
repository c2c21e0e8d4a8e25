import { attemptAsync } from '../../core/attempt';
import { sharingOf } from '../../core/instance-notes';
import { connect, within } from './connection';
import { storeErrorOf } from './errors';
import { findCause } from './find-cause';
import { Keys } from './keys';
import type { RedisOptions } from './options';
import { addressOf, prefixOf } from './options';
import type { Client } from './scripts';
import { secretNotes } from './secret-notes';
import { tryClaim } from './try-claim';

/** What a Redis server is, for a person who is about to rely on it. */
export interface RedisHealth {
	readonly address: string;
	readonly findings: readonly RedisFinding[];
	readonly roundTripMs: number;
}

export interface RedisFinding {
	readonly topic:
		| 'server'
		| 'role'
		| 'eviction'
		| 'persistence'
		| 'deployment'
		| 'latency'
		| 'sharing';
	/** As the server says it, or `unknown` where it did not tell. */
	readonly value: string;
	/** `problem`: the store can't work, or can't keep its promise. */
	readonly level: 'good' | 'note' | 'problem';
	/** What it means for the promise, and what to do. */
	readonly meaning: string;
}

const LIMIT_MS = 10_000;
const SLOW_MS = 50;

/**
 * Connects, looks, runs a claim's life by the scripts that the nodes run, on a key of its own, and closes. Works for a user who may
 * not run INFO or CONFIG: what it can't see is `unknown`.
 *
 * @throws StoreError where there is no connection within 10 s, or where no claim can work
 */
export async function describeRedis(options: RedisOptions): Promise<RedisHealth> {
	const address = addressOf(options);
	prefixOf(options);
	let client: Client | undefined;
	const looked = await attemptAsync(
		async () =>
			await within(
				(async () => {
					client = await connect(options);
					return await look(client, options, address);
				})(),
				LIMIT_MS,
				'connect',
			),
	);
	client?.disconnect();
	if (!looked.ok) throw await findCause(options, looked.error);
	if (looked.value.findings.every(({ level }) => level !== 'problem')) await tryClaim(options);
	return looked.value;
}

/** Who uses the prefix, where it is more than one n8n. */
async function sharingFindings(client: Client, options: RedisOptions): Promise<RedisFinding[]> {
	const keys = new Keys(prefixOf(options));
	// Where they can't be read, no claim can work either: that is told by trying one.
	const noted = await attemptAsync(async () => await secretNotes(client, keys.secrets, 0));
	const meaning = noted.ok ? sharingOf(noted.value.notes, 'Key Prefix') : null;
	if (meaning === null) return [];
	return [{ topic: 'sharing', value: 'several n8n instances', level: 'note', meaning }];
}

async function look(client: Client, options: RedisOptions, address: string): Promise<RedisHealth> {
	const began = performance.now();
	// The command that every script begins with.
	await client.time();
	const roundTripMs = Math.round((performance.now() - began) * 10) / 10;
	const info = parseInfo(await textOf(client.info()));
	const policy = info.get('maxmemory_policy') ?? (await policyOf(client));
	return {
		address,
		roundTripMs,
		findings: [
			serverFinding(info),
			roleFinding(info),
			evictionFinding(policy),
			persistenceFinding(info),
			deploymentFinding(info, options),
			latencyFinding(roundTripMs),
			...(await sharingFindings(client, options)),
		],
	};
}

/** '' where the user may not ask. */
async function textOf(answer: Promise<string>): Promise<string> {
	return await answer.catch((error: unknown) => {
		const refused = storeErrorOf(error, '');
		if (refused.problem === 'permission' || refused.problem === 'unsupported') return '';
		throw error;
	});
}

async function policyOf(client: Client): Promise<string | undefined> {
	const answer = await client.config('GET', 'maxmemory-policy').catch(() => []);
	return Array.isArray(answer) ? (answer[1] as string | undefined) : undefined;
}

function parseInfo(text: string): Map<string, string> {
	const info = new Map<string, string>();
	for (const line of text.split(/\r?\n/)) {
		const at = line.indexOf(':');
		if (at > 0) info.set(line.slice(0, at), line.slice(at + 1));
	}
	return info;
}

const UNKNOWN = 'unknown';

function serverFinding(info: Map<string, string>): RedisFinding {
	const valkey = info.get('valkey_version');
	const redis = info.get('redis_version');
	const topic = 'server';
	if (valkey !== undefined) {
		return { topic, value: `Valkey ${valkey}`, level: 'good', meaning: 'Supported.' };
	}
	if (redis === undefined) {
		return {
			topic,
			value: UNKNOWN,
			level: 'note',
			meaning: 'The user may not run INFO. Make sure that it is Redis 6.2 or newer, or Valkey.',
		};
	}
	const [major = 0, minor = 0] = redis.split('.').map(Number);
	const old = major < 6 || (major === 6 && minor < 2);
	return {
		topic,
		value: `Redis ${redis}`,
		level: old ? 'problem' : 'good',
		meaning: old ? 'Too old: the store needs Redis 6.2 or newer, or Valkey.' : 'Supported.',
	};
}

function roleFinding(info: Map<string, string>): RedisFinding {
	const role = info.get('role');
	const topic = 'role';
	if (role === undefined) {
		return {
			topic,
			value: UNKNOWN,
			level: 'note',
			meaning: 'Make sure that this is the primary: a replica refuses every claim.',
		};
	}
	const primary = role === 'master';
	return {
		topic,
		value: primary ? 'primary' : 'replica',
		level: primary ? 'good' : 'problem',
		meaning: primary
			? 'Takes writes.'
			: 'A replica refuses every claim. Use the address of the primary, or Sentinel.',
	};
}

function evictionFinding(policy: string | undefined): RedisFinding {
	const topic = 'eviction';
	if (policy === undefined) {
		return {
			topic,
			value: UNKNOWN,
			level: 'note',
			meaning:
				'Make sure that maxmemory-policy is noeviction: any other may drop claims, and duplicates would then run again.',
		};
	}
	if (policy === 'noeviction') {
		return {
			topic,
			value: policy,
			level: 'good',
			meaning: 'When memory is full, new claims are refused and none is dropped.',
		};
	}
	return {
		topic,
		value: policy,
		level: 'problem',
		meaning:
			'Redis may drop claims when memory is full: duplicates would then run again. Set maxmemory-policy noeviction.',
	};
}

function persistenceFinding(info: Map<string, string>): RedisFinding {
	const topic = 'persistence';
	const aof = info.get('aof_enabled');
	if (aof === undefined) {
		return {
			topic,
			value: UNKNOWN,
			level: 'note',
			meaning:
				'Without the append-only file a restart may forget claims, and duplicates would run again.',
		};
	}
	if (aof === '1') {
		return {
			topic,
			value: 'aof',
			level: 'good',
			meaning:
				'Claims outlive a restart, up to the last second (appendfsync everysec) or every one (always).',
		};
	}
	const snapshots =
		Number(info.get('rdb_last_save_time') ?? 0) > 0 || info.get('rdb_saves') !== undefined;
	return {
		topic,
		value: snapshots ? 'rdb or none' : 'none',
		level: 'note',
		meaning:
			'After a crash, claims since the last snapshot are forgotten and their duplicates run again. Set appendonly yes.',
	};
}

function deploymentFinding(info: Map<string, string>, options: RedisOptions): RedisFinding {
	const topic = 'deployment';
	const cluster = info.get('cluster_enabled');
	const asked = options.deployment;
	if (info.get('redis_mode') === 'sentinel') {
		return {
			topic,
			value: 'sentinel',
			level: 'problem',
			meaning: 'This is a sentinel, not a server that keeps data. Choose the deployment Sentinel.',
		};
	}
	if (cluster === '1' && asked !== 'cluster') {
		return {
			topic,
			value: 'cluster',
			level: 'problem',
			meaning: 'This server is part of a cluster. Choose the deployment Cluster.',
		};
	}
	if (asked === 'standalone') {
		return {
			topic,
			value: cluster === undefined ? UNKNOWN : 'standalone',
			level: 'note',
			meaning: 'One server: while it is down, the Guard can decide nothing and says so.',
		};
	}
	return {
		topic,
		value: asked,
		level: 'note',
		meaning:
			'A failover may lose the last moments of what the primary had not yet passed on: their duplicates would run again.',
	};
}

function latencyFinding(roundTripMs: number): RedisFinding {
	const slow = roundTripMs > SLOW_MS;
	return {
		topic: 'latency',
		value: `${roundTripMs} ms`,
		level: slow ? 'note' : 'good',
		meaning: slow
			? 'Each Guard and each Commit waits so long once for all its items. A server nearer to n8n helps.'
			: 'Each Guard and each Commit waits so long once for all its items.',
	};
}
