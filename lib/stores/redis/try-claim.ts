import { randomBytes } from 'node:crypto';

import { attemptAsync } from '../../core/attempt';
import type { ClaimRequest } from '../../core/record';
import type { Reply } from '../../core/reply';
import { StoreError } from '../../core/reply';
import type { SecretAwareStore } from '../../core/store';
import { Keys, SHARDS } from './keys';
import type { RedisOptions } from './options';
import { prefixOf } from './options';
import { openRedisStore } from './open';
import { RedisConnections } from './pool';

const CONSUMER = 'trial';
const MINUTE = 60_000;

/**
 * Takes a claim through its life by what the nodes use: every script, every other command, under the prefix, with keys that no record
 * ever has. They are removed afterwards.
 *
 * @throws StoreError why no claim can work
 */
export async function tryClaim(options: RedisOptions): Promise<void> {
	const trial = { ...options, trial: true };
	const identity = randomBytes(32).toString('hex');
	const connections = new RedisConnections();
	const store = openRedisStore(trial, connections);
	const tried = await attemptAsync(async () => await live(store, requestOf(identity)));
	await attemptAsync(async () => await removeKeys(trial, identity, connections));
	await store.close();
	if (!tried.ok) throw tried.error;
}

async function live(store: SecretAwareStore, request: ClaimRequest): Promise<void> {
	const { identity, owner, workflowId, executionId } = request;
	const [claimed] = await store.claim([request]);
	const grant = answerOf(claimed);
	if (grant.outcome !== 'new') throw unlike('a new key was not granted');
	const owned = { identity, owner, fence: grant.fence, ownRun: true };
	const [started] = await store.command([
		{ ...owned, type: 'start', leaseMs: MINUTE, workflowId, executionId },
	]);
	answerOf(started);
	const [finished] = await store.command([
		{
			...owned,
			type: 'finish',
			to: 'completed',
			retentionMs: MINUTE,
			remains: { ...request, eventAt: 0 },
			result: Buffer.of(1),
			statusCode: 200,
			reason: '',
		},
	]);
	if (answerOf(finished).outcome !== 'done') throw unlike('a claim was not finished');
	const [repeated] = await store.claim([{ ...request, owner: 'other' }]);
	if (answerOf(repeated).outcome !== 'duplicate') throw unlike('a duplicate was not recognized');
	const [stored] = await store.get([identity]);
	answerOf(stored);
	answerOf(await store.signingKey());
	answerOf(await store.noteSecret(CONSUMER, MINUTE));
	answerOf(await store.secretNotes());
	answerOf(await store.noteName({ namespace: CONSUMER, name: CONSUMER, lifetimeMs: MINUTE }));
	answerOf(await store.names([CONSUMER]));
	const counts = [{ bucket: CONSUMER, name: CONSUMER, by: 1 }];
	answerOf(await store.tally({ counts, keepMs: MINUTE }));
	answerOf(await store.tallied([CONSUMER]));
	answerOf(await store.stats());
	answerOf(await store.takeNotices({ consumer: CONSUMER, notices: [identity], holdMs: 1_000 }));
	answerOf(await store.operate({ type: 'forget', identity, force: false }));
}

function requestOf(identity: string): ClaimRequest {
	return {
		identity,
		owner: CONSUMER,
		fingerprint: '',
		comparison: '',
		fieldDigests: Buffer.alloc(0),
		tenant: '',
		namespace: CONSUMER,
		key: '',
		eventAt: null,
		leaseMs: MINUTE,
		claimTimeoutMs: MINUTE,
		retentionMs: MINUTE,
		onUnknownOutcome: 'hold',
		maxAttempts: null,
		extendRetention: false,
		strictAge: false,
		pending: true,
		workflowId: '',
		executionId: '',
		budget: { identity, limit: 10, windowMs: MINUTE },
	};
}

/** What a trial leaves, and would leave for good: the counters of a shard have no end. */
async function removeKeys(
	options: RedisOptions,
	identity: string,
	connections: RedisConnections,
): Promise<void> {
	const keys = new Keys(prefixOf(options));
	const names = [
		keys.record(identity),
		keys.budget(identity),
		keys.signingKey,
		keys.secrets,
		keys.notices(CONSUMER),
		keys.name(CONSUMER),
		keys.tally(CONSUMER),
		...SHARDS.flatMap((shard) => [keys.open(shard), keys.stats(shard)]),
	];
	await connections
		.to(options)
		.ask(async (client) => await Promise.all(names.map(async (name) => await client.del(name))));
}

function answerOf<Answer>(reply: Reply<Answer> | undefined): Answer {
	if (reply === undefined) throw unlike('an answer was missing');
	if (!reply.ok) throw reply.error;
	return reply.answer;
}

function unlike(words: string): StoreError {
	return new StoreError('unexpected', `A trial of the scripts went wrong: ${words}`, {
		advice: 'Is this Redis or Valkey, or something that only speaks like them?',
	});
}
