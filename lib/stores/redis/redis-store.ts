import { randomBytes } from 'node:crypto';

import { attemptAsync } from '../../core/attempt';
import type { ListPage, ListQuery, Portion } from '../../core/listing';
import { pageOf } from '../../core/listing';
import type {
	ClaimAnswer,
	ClaimRecord,
	ClaimRequest,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
	Tombstone,
} from '../../core/record';
import type {
	ClaimOptions,
	NoticesToKeep,
	NoticesToTake,
	SecretAwareStore,
	SecretNote,
	StatsRow,
} from '../../core/store';
import type { Reply } from '../../core/reply';
import { StoreError } from '../../core/reply';
import { CheckedStore } from '../checked-store';
import { adviceFor } from './advice';
import { JoinedRequests, sizeOfCommand } from '../joined-requests';
import { type BatchScript, askInChunks, metNewShard, microsOf } from './batch';
import { BudgetUnits } from './budget-units';
import { claimBudgeted } from './budgeted-claims';
import { type AskedClaim, claimAnswers, claimArguments, keysOf } from './claim-script';
import {
	commandAnswers,
	commandArguments,
	operateAnswer,
	operateArguments,
} from './command-script';
import { isPassing, scriptError, storeErrorOf } from './errors';
import { type Chunk, Keys, SHARDS, shardOf } from './keys';
import { candidatesOf, filterArguments, portionOf } from './list';
import type { RedisOptions } from './options';
import { addressOf, prefixOf } from './options';
import { type HowToAsk, type SharedConnection, sharedConnection } from './pool';
import {
	type ReadAnswer,
	placesLeftOut,
	readAll,
	readAnswer,
	recordAnswer,
	withResult,
} from './read-script';
import { ReplicatedClaims } from './replicated-claims';
import type { Client, ScriptArguments, ScriptName, ScriptReply } from './scripts';
import { bytesOf, runScript } from './scripts';
import { noteSecret, secretNotes } from './secret-notes';
import { sumCounters } from './stats';

/**
 * Opens the store in Redis. Nothing is sent until the first call, and each call ends within 5 s (see RedisTimeouts), with a typed
 * error where Redis can't be asked. A call whose connection broke is sent again: a claim by its owner is granted once more, and a
 * finish that was carried out answers `kept`.
 */
export function openRedisStore(options: RedisOptions): SecretAwareStore {
	const connection = sharedConnection(options);
	connection.open();
	return new CheckedRedisStore(new RedisStore(options, connection), adviceFor);
}

class CheckedRedisStore extends CheckedStore implements SecretAwareStore {
	constructor(
		private readonly redis: SecretAwareStore,
		advice: typeof adviceFor,
	) {
		super(redis, advice);
	}

	async secretNotes(): Promise<Reply<readonly SecretNote[]>> {
		return this.advised(await this.redis.secretNotes());
	}

	async noteSecret(id: string, lifetimeMs: number): Promise<Reply<null>> {
		return this.advised(await this.redis.noteSecret(id, lifetimeMs));
	}
}

/** What is joined to one batch. Two are under way: what comes meanwhile goes together, and a renewal waits for 8 MB at most. */
const JOINED = { items: 500, bytes: 4 << 20, atOnce: 2 };

interface Timed<Answer> {
	readonly micros: number;
	readonly answer: Answer;
}

class RedisStore implements SecretAwareStore {
	readonly kind = 'redis';

	private readonly keys: Keys;

	private readonly address: string;

	private readonly epochNoted: string;

	private replicated: ReplicatedClaims | undefined;

	private closed = false;

	private readonly joined: JoinedRequests;

	constructor(
		private readonly options: RedisOptions,
		private readonly connection: SharedConnection,
	) {
		this.keys = new Keys(prefixOf(options));
		this.address = addressOf(options);
		this.epochNoted = `epoch ${prefixOf(options)}`;
		this.joined = new JoinedRequests({
			claims: async (items, put) => {
				const run = async (name: ScriptName, args: ScriptArguments) => await this.run(name, args);
				(await this.claimBy(items, run)).forEach((reply, place) => put(place, reply));
			},
			commands: async (items, put) => {
				(await this.commandAll(items)).forEach((reply, place) => put(place, reply));
			},
			...JOINED,
		});
	}

	async claim(
		requests: readonly ClaimRequest[],
		{ minReplicas = 0 }: ClaimOptions = {},
	): Promise<ReadonlyArray<Reply<ClaimAnswer>>> {
		return minReplicas > 0
			? await this.claimOnReplicas(requests, minReplicas)
			: await this.joined.claim(requests);
	}

	async command(orders: readonly OwnerCommand[]): Promise<ReadonlyArray<Reply<OwnerAnswer>>> {
		return await this.joined.command(orders);
	}

	private async commandAll(orders: readonly OwnerCommand[]): Promise<Array<Reply<OwnerAnswer>>> {
		return await this.askInChunks('command', orders, {
			arguments: (chunk) => commandArguments(this.keys, chunk, this.offsetMs()),
			answers: commandAnswers,
			sizeOf: sizeOfCommand,
		});
	}

	async operate(order: OperatorCommand): Promise<Reply<OperatorAnswer>> {
		return await this.reply(async () => {
			// Not sent twice: the second answer would tell what the first had done.
			const args = operateArguments(this.keys, order, this.offsetMs());
			const reply = await this.run('operate', args, false);
			const answer = operateAnswer(reply);
			if (answer instanceof Error) throw answer;
			return { micros: microsOf(reply), answer };
		});
	}

	async get(
		identities: readonly string[],
	): Promise<ReadonlyArray<Reply<ClaimRecord | Tombstone | null>>> {
		return await readAll(identities, async (some) => await this.read(some));
	}

	private async read(identities: readonly string[]): Promise<Array<Reply<ReadAnswer>>> {
		return await this.askInChunks(
			'read',
			identities.map((identity) => ({ identity })),
			{
				arguments: ({ items }) => [
					...keysOf(this.keys, { items, shards: [] }),
					String(this.offsetMs()),
				],
				answers: (reply) => (reply.slice(1) as ScriptReply[]).map(readAnswer),
			},
		);
	}

	onSettled(identities: readonly string[], listener: () => void): () => void {
		const { subscriber } = this.connection;
		const ends = [...new Set(identities)].map((identity) =>
			subscriber.listen(this.keys.settled(shardOf(identity)), identity, listener),
		);
		return () => ends.forEach((end) => end());
	}

	async list(query: ListQuery): Promise<Reply<ListPage>> {
		return await pageOf(query, async (from, size) => await this.lookThrough(query, from, size));
	}

	async takeNotices({
		consumer,
		notices,
		holdMs,
	}: NoticesToTake): Promise<Reply<readonly string[]>> {
		return await this.noticesScript(consumer, ['take', String(holdMs), ...notices]);
	}

	async keepNotices({ consumer, notices }: NoticesToKeep): Promise<Reply<null>> {
		const kept = notices.flatMap(({ notice, until }) => [notice, String(until)]);
		const reply = await this.noticesScript(consumer, ['keep', ...kept]);
		return reply.ok ? { ...reply, answer: null } : reply;
	}

	async stats(): Promise<Reply<readonly StatsRow[]>> {
		return await this.askAlone(async (client) => {
			const [micros, shards] = await Promise.all([
				this.clock(client),
				Promise.all(SHARDS.map(async (shard) => await client.hgetall(this.keys.stats(shard)))),
			]);
			return { micros, answer: sumCounters(shards) };
		});
	}

	async signingKey(): Promise<Reply<Buffer>> {
		return await this.askAlone(async (client) => {
			const name = this.keys.signingKey;
			let key = await client.getBuffer(name);
			if (key === null) {
				await client.setnx(name, randomBytes(32));
				key = await client.getBuffer(name);
			}
			if (key?.length !== 32) throw scriptError('CORRUPT the signing key is not 32 bytes');
			// Each run asks for it, and nobody for the time: one command.
			return { micros: 0, answer: key };
		});
	}

	async secretNotes(): Promise<Reply<readonly SecretNote[]>> {
		return await this.askAlone(async (client) => {
			const { micros, notes } = await secretNotes(client, this.keys.secrets, this.offsetMs());
			// The nodes of a cluster have clocks of their own.
			return { micros: this.options.deployment === 'cluster' ? 0 : micros, answer: notes };
		});
	}

	async noteSecret(id: string, lifetimeMs: number): Promise<Reply<null>> {
		return await this.askAlone(async (client) => {
			await noteSecret(client, this.keys.secrets, id, lifetimeMs, this.offsetMs());
			return { micros: 0, answer: null };
		});
	}

	async close(): Promise<void> {
		if (!this.closed) {
			this.connection.close();
			this.replicated?.close();
		}
		this.closed = true;
		await Promise.resolve();
	}

	private async claimBy(
		requests: readonly ClaimRequest[],
		run: (name: ScriptName, args: ScriptArguments) => Promise<ScriptReply>,
	): Promise<Array<Reply<ClaimAnswer>>> {
		const { keys } = this;
		const offsetMs = () => this.offsetMs();
		const errorOf = (error: unknown) => storeErrorOf(error, this.address);
		const claim = async (asked: readonly AskedClaim[]) =>
			await askInChunks(asked, {
				run: async (chunk) => await run('claim', claimArguments(keys, chunk, offsetMs())),
				answers: (reply, chunk) => claimAnswers(reply, chunk.items, microsOf(reply)),
				oneShardEach: this.options.deployment === 'cluster',
				errorOf,
			});
		const isPlain = requests.every(({ budget }) => budget === undefined);
		if (isPlain) return await this.withResults(requests, await claim(requests));
		const units = new BudgetUnits(keys, offsetMs, async (args) => await run('budget', args));
		const replies = await claimBudgeted(requests, { claim, units, errorOf });
		return await this.withResults(requests, replies);
	}

	/** Results that were too many for one answer are read on their own. */
	private async withResults(
		requests: readonly ClaimRequest[],
		replies: Array<Reply<ClaimAnswer>>,
	): Promise<Array<Reply<ClaimAnswer>>> {
		const places = placesLeftOut(replies);
		if (places.length === 0) return replies;
		const read = await this.get(places.map((place) => requests[place]?.identity ?? ''));
		for (const [i, place] of places.entries()) replies[place] = withResult(replies[place], read[i]);
		return replies;
	}

	/** New claims that too few replicas hold are given back: if the primary were lost, another run would be granted them. */
	private async claimOnReplicas(
		requests: readonly ClaimRequest[],
		minReplicas: number,
	): Promise<Array<Reply<ClaimAnswer>>> {
		if (this.options.deployment === 'cluster') return requests.map(() => failure(noReplicaCount));
		this.replicated ??= new ReplicatedClaims(this.options);
		let replies: Array<Reply<ClaimAnswer>> = [];
		const acknowledged = await this.replicated.acknowledged(minReplicas, async (ask) => {
			replies = await this.claimBy(
				requests,
				async (name, args) =>
					await ask(async (connection) => await this.runOver(connection, name, args, true)),
			);
			return replies.some(isGrant);
		});
		if (typeof acknowledged === 'number' && acknowledged >= minReplicas) return replies;
		const refusal =
			typeof acknowledged === 'number'
				? new StoreError(
						'not_replicated',
						`${acknowledged} of the ${minReplicas} replicas that must hold a claim acknowledged it to Redis at ${this.address}.`,
					)
				: storeErrorOf(acknowledged, this.address);
		await this.command(
			requests.flatMap(({ identity, owner }, i): OwnerCommand[] => {
				const reply = replies[i];
				if (!reply?.ok || reply.answer.outcome !== 'new') return [];
				return [
					{
						...{ type: 'abandon', to: 'released', identity, owner, fence: reply.answer.fence },
						...{ ownRun: true, retryAfterMs: 0, nothingRan: true },
						...{ statusCode: 0, reason: 'Too few replicas held it' },
					},
				];
			}),
		);
		return replies.map((reply) => (isGrant(reply) ? failure(refusal) : reply));
	}

	/** One portion of a listing: which records there are, then those that fit, without their results. */
	private async lookThrough(
		query: ListQuery,
		from: string | null,
		size: number,
	): Promise<Reply<Portion>> {
		const candidates = await this.askAlone(async (client) => {
			const clock = this.clock(client);
			const now = async () => Math.floor((await clock) / 1000);
			const [micros, answer] = await Promise.all([
				clock,
				candidatesOf(client, this.keys, query, from, size, now),
			]);
			return { micros, answer };
		});
		if (!candidates.ok) return candidates;
		const { identities } = candidates.answer;
		const replies = await this.askInChunks(
			'list',
			identities.map((identity) => ({ identity })),
			{
				arguments: (chunk) => [
					...keysOf(this.keys, chunk),
					String(this.offsetMs()),
					...filterArguments(query),
					chunk.perShard.join(' '),
				],
				answers: (reply) => (reply.slice(1) as ScriptReply[]).map(recordAnswer),
			},
		);
		return portionOf(candidates.answer, replies, candidates.micros);
	}

	private async noticesScript(
		consumer: string,
		order: readonly string[],
	): Promise<Reply<readonly string[]>> {
		return await this.reply(async () => {
			const args = [1, this.keys.notices(consumer), String(this.offsetMs()), ...order];
			// A lost answer to "take" is not asked for again: what was taken is told after the hold.
			const reply = await this.run('notices', args, false);
			return { micros: microsOf(reply), answer: reply.slice(1).map(String) };
		});
	}

	private offsetMs(): number {
		return this.options.clockOffsetMs?.() ?? 0;
	}

	/** Microseconds since 1970, by Redis. */
	private async clock(client: Client): Promise<number> {
		const [seconds, micros] = await client.time();
		return Number(seconds) * 1_000_000 + Number(micros) + this.offsetMs() * 1000;
	}

	private async askInChunks<Item extends { readonly identity: string }, Answer>(
		name: ScriptName,
		batch: readonly Item[],
		script: Pick<BatchScript<Item, Answer>, 'answers' | 'sizeOf'> & {
			readonly arguments: (chunk: Chunk<Item>) => ScriptArguments;
		},
	): Promise<Array<Reply<Answer>>> {
		return await askInChunks(batch, {
			...script,
			run: async (chunk) => await this.run(name, script.arguments(chunk)),
			oneShardEach: this.options.deployment === 'cluster',
			errorOf: (error) => storeErrorOf(error, this.address),
		});
	}

	private async askAlone<Answer>(
		ask: (client: Client) => Promise<Timed<Answer>>,
	): Promise<Reply<Answer>> {
		return await this.reply(async () => await this.ask(ask));
	}

	private async reply<Answer>(ask: () => Promise<Timed<Answer>>): Promise<Reply<Answer>> {
		const asked = await attemptAsync(ask);
		if (asked.ok) return { ok: true, ...asked.value };
		return { ok: false, error: storeErrorOf(asked.error, this.address) };
	}

	private async run(name: ScriptName, args: ScriptArguments, repeat = true): Promise<ScriptReply> {
		return (await this.runOver(this.connection, name, args, repeat)).value;
	}

	private async runOver(
		connection: SharedConnection,
		name: ScriptName,
		args: ScriptArguments,
		repeat: boolean,
	): Promise<{ client: Client; value: ScriptReply }> {
		const ask = async (client: Client) => {
			const value = await runScript(client, name, args);
			const refusal = refusalOfReplica(value);
			if (refusal !== null) throw refusal;
			if (metNewShard(value)) await this.beginAgain(client, value);
			return { client, value };
		};
		return await this.ask(ask, { repeat, bytes: bytesOf(args) }, connection);
	}

	private async ask<T>(
		ask: (client: Client) => Promise<T>,
		how: HowToAsk = {},
		connection = this.connection,
	): Promise<T> {
		if (this.closed) throw new StoreError('unreachable', 'This store was closed.');
		if (this.connection.once.get(this.epochNoted) === 'done') {
			return await connection.ask(ask, how);
		}
		return await connection.ask(async (client) => {
			await this.begin(client);
			return await ask(client);
		}, how);
	}

	/** Notes when the store began to remember, in every shard, so that its age is one. Once for a connection and prefix. */
	private async begin(client: Client): Promise<void> {
		const { once } = this.connection;
		const begun = once.get(this.epochNoted) ?? this.noteEpoch(client);
		once.set(this.epochNoted, begun);
		const noted = await attemptAsync(async () => {
			await begun;
		});
		// What refuses this refuses the call as well, which says so; else the scripts note the epoch, shard by shard.
		if (noted.ok || !isPassing(noted.error)) {
			once.set(this.epochNoted, 'done');
			return;
		}
		once.delete(this.epochNoted);
		throw noted.error;
	}

	/** Redis was emptied under us: all shards begin with the first one that was asked. What fails begins by itself, when it is asked. */
	private async beginAgain(client: Client, reply: ScriptReply): Promise<void> {
		await attemptAsync(async () => await this.noteEpoch(client, microsOf(reply)));
	}

	private async noteEpoch(client: Client, micros?: number): Promise<void> {
		const epoch = Math.floor((micros ?? (await this.clock(client))) / 1000);
		await Promise.all(
			SHARDS.map(async (shard) => await client.hsetnx(this.keys.stats(shard), 'epoch', epoch)),
		);
	}
}

function failure(error: StoreError): { ok: false; error: StoreError } {
	return { ok: false, error };
}

const noReplicaCount = new StoreError(
	'configuration',
	'The replicas of a Redis Cluster can not be counted for a claim: use it without a minimum, with "min-replicas-to-write" in the configuration of its nodes.',
);

function isGrant(reply: Reply<ClaimAnswer>): boolean {
	return reply.ok && reply.answer.outcome === 'new';
}

/** A replica refuses each write alone; another connection may lead to the primary. */
function refusalOfReplica(reply: ScriptReply): Error | null {
	for (const entry of reply) {
		if (!Array.isArray(entry)) continue;
		const words = (entry as ScriptReply).find(
			(part) => Buffer.isBuffer(part) && part.toString('latin1', 0, 9) === 'READONLY ',
		);
		if (words !== undefined) return scriptError(String(words));
	}
	return null;
}
