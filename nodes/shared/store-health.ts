import type { IExecuteFunctions } from 'n8n-workflow';

import { attemptAsync } from '../../lib/core/attempt';
import type { StoreKind } from '../../lib/core/store';
import { describeRedis } from '../../lib/stores/redis';
import { tryPostgres } from '../../lib/stores/postgres';
import { complaintOf } from './messages';
import { postgresOptionsOf } from './postgres-credential';
import { redisOptionsOf } from './redis-credential';

/** One thing that is so at a store, and what it means for what is promised. */
export interface StoreFinding {
	readonly topic: string;
	/** As the server says it, or `unknown` where it did not tell. */
	readonly value: string;
	/** `problem`: the store can't work, or can't keep its promise. */
	readonly level: 'good' | 'note' | 'problem';
	readonly meaning: string;
}

/** What the test of the credential finds, for which n8n's dialog has no room. It connects once, by itself. */
export async function storeHealth(
	context: Pick<IExecuteFunctions, 'getCredentials'>,
	kind: StoreKind,
): Promise<readonly StoreFinding[]> {
	if (kind === 'embedded') return IN_A_FILE;
	const tried = await attemptAsync(async () =>
		kind === 'redis' ? await ofRedis(context) : await ofPostgres(context),
	);
	if (tried.ok) return tried.value;
	const { message, description } = complaintOf(tried.error);
	const meaning = `${message}. ${description}`;
	return [{ topic: 'test', value: 'failed', level: 'problem', meaning }];
}

type WithCredentials = Pick<IExecuteFunctions, 'getCredentials'>;

const IN_A_FILE: readonly StoreFinding[] = [
	{
		topic: 'server',
		value: "a file in n8n's own folder (SQLite)",
		level: 'good',
		meaning: 'What was claimed outlives a restart. For one n8n process that runs workflows itself.',
	},
];

async function ofRedis(context: WithCredentials): Promise<readonly StoreFinding[]> {
	const credential = await context.getCredentials('idempotencyRedisApi');
	const { findings } = await describeRedis(redisOptionsOf(credential));
	return findings;
}

async function ofPostgres(context: WithCredentials): Promise<readonly StoreFinding[]> {
	const credential = await context.getCredentials('idempotencyPostgresApi');
	const { version, roundTripMs, notes } = await tryPostgres(postgresOptionsOf(credential));
	return [
		{
			topic: 'server',
			value: `PostgreSQL ${version}`,
			level: 'good',
			meaning: 'A claim can be taken and ended there.',
		},
		{
			topic: 'latency',
			value: `${roundTripMs} ms`,
			level: 'good',
			meaning: 'Each Guard and each Commit waits so long once for all its items.',
		},
		...notes.map((meaning) => ({
			topic: 'setting',
			value: 'see beside',
			level: 'note' as const,
			meaning,
		})),
	];
}
