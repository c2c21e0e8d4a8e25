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
	NameNote,
	NoticesToKeep,
	NoticesToTake,
	SecretAwareStore,
	SecretNote,
	StatsRow,
	Tallied,
	TallyOrder,
} from '../../core/store';
import type { Reply } from '../../core/reply';
import { replyAt } from '../../core/reply';
import { JoinedRequests, sizeOfCommand } from '../joined-requests';
import { microsOf } from './batch';
import { claimWithContents } from '../claim-contents';
import { type ClaimAsk, NO_REPLICA_COUNT, claimBy, claimOnReplicas } from './claims';
import { keysOf } from './claim-script';
import {
	IS_GONE,
	commandAnswers,
	commandArguments,
	operateAnswer,
	operateArguments,
} from './command-script';
import { MAX_ITEMS, shardOf } from './keys';
import { candidatesOf, filterArguments, portionOf } from './list-records';
import { RedisCalls } from './redis-calls';
import { type ReadAnswer, readAll, readAnswer, recordAnswer } from './read-script';
import { namesOf, noteName } from './names';
import type { ReplicatedClaims } from './replicated-claims';
import type { ScriptReply } from './scripts';
import { noteSecret, secretNotes } from './secret-notes';
import { signingKeyOf } from './signing-key';
import { statsOf } from './stats';
import { tally, talliedIn } from './tallies';

/**
 * What is joined to one batch. Two are under way: what comes meanwhile goes together, and a renewal waits for 8 MB at most. Of many that are
 * made in one breath the first go at once, so that Redis works while the rest is made.
 */
const JOINED = { items: 500, bytes: 4 << 20, atOnce: 2, begins: 50 };

/** The store in Redis: what its scripts are asked, and what their replies mean. */
export class RedisStore implements SecretAwareStore {
	readonly kind = 'redis';

	private replicated: ReplicatedClaims | undefined;

	private readonly joined: JoinedRequests;

	/** @param openReplicated opens the connection for claims that replicas have to hold, when the first is asked for */
	constructor(
		private readonly calls: RedisCalls,
		private readonly openReplicated: () => ReplicatedClaims,
	) {
		this.joined = new JoinedRequests({
			claims: async (items, put) => {
				(await this.claimAll(items)).forEach((reply, place) => put(place, reply));
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
		const { calls } = this;
		if (minReplicas <= 0) {
			const claim = async (some: readonly ClaimRequest[]) => await this.claimKeys(some);
			// One script can do both, but for contents on other nodes, and in the order of more requests than it takes.
			const isOneScript = !calls.isCluster && requests.length <= MAX_ITEMS;
			return await (isOneScript ? claim(requests) : claimWithContents(requests, claim, this));
		}
		if (calls.isCluster) return requests.map(() => ({ ok: false, error: NO_REPLICA_COUNT }));
		this.replicated ??= this.openReplicated();
		const { asking, replicated } = this;
		const answer = await claimOnReplicas(requests, minReplicas, asking, replicated);
		await this.command(answer.giveBack);
		return answer.replies;
	}

	/** In a batch a key that comes again waits for the items before it: claims with budgets are asked as they come. */
	private async claimKeys(requests: readonly ClaimRequest[]): Promise<Array<Reply<ClaimAnswer>>> {
		return requests.every(({ budget }) => budget === undefined)
			? await this.joined.claim(requests)
			: await this.claimAll(requests);
	}

	async command(orders: readonly OwnerCommand[]): Promise<ReadonlyArray<Reply<OwnerAnswer>>> {
		return await this.joined.command(orders);
	}

	/** How claims are asked for, over whichever connection; results that were too many for one answer are read on their own. */
	private get asking(): ClaimAsk {
		return { calls: this.calls, read: async (identities) => await this.get(identities) };
	}

	private async claimAll(requests: readonly ClaimRequest[]): Promise<Array<Reply<ClaimAnswer>>> {
		const { calls } = this;
		return await claimBy(requests, this.asking, async (name, args) => await calls.run(name, args));
	}

	private async commandAll(orders: readonly OwnerCommand[]): Promise<Array<Reply<OwnerAnswer>>> {
		const replies = await this.ask(orders, false);
		const gone = replies.flatMap((reply, place) => (isGone(reply) ? [place] : []));
		if (gone.length > 0) {
			const again = await this.ask(
				gone.flatMap((place) => orders[place] ?? []),
				true,
			);
			for (const [i, place] of gone.entries()) replies[place] = replyAt(again, i);
		}
		return replies as Array<Reply<OwnerAnswer>>;
	}

	private async ask(
		orders: readonly OwnerCommand[],
		withRemains: boolean,
	): Promise<Array<Reply<OwnerAnswer | typeof IS_GONE>>> {
		const { calls } = this;
		return await calls.askInChunks('command', orders, {
			arguments: (chunk) => commandArguments(calls.keys, chunk, calls.offsetMs(), withRemains),
			answers: commandAnswers,
			sizeOf: sizeOfCommand,
		});
	}

	async operate(order: OperatorCommand): Promise<Reply<OperatorAnswer>> {
		const { calls } = this;
		return await calls.reply(async () => {
			// Not sent twice: the second answer would tell what the first had done.
			const args = operateArguments(calls.keys, order, calls.offsetMs());
			const reply = await calls.run('operate', args, false);
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
		const { calls } = this;
		return await calls.askInChunks(
			'read',
			identities.map((identity) => ({ identity })),
			{
				arguments: ({ items }) => [
					...keysOf(calls.keys, { items, shards: [] }),
					String(calls.offsetMs()),
				],
				answers: (reply) => (reply.slice(1) as ScriptReply[]).map(readAnswer),
			},
		);
	}

	onSettled(identities: readonly string[], listener: () => void): () => void {
		const { keys, connection } = this.calls;
		const ends = [...new Set(identities)].map((identity) =>
			connection.subscriber.listen(keys.settled(shardOf(identity)), identity, listener),
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

	async noteName(note: NameNote): Promise<Reply<null>> {
		return await noteName(this.calls, note);
	}

	async names(namespaces: readonly string[]): Promise<Reply<ReadonlyMap<string, string>>> {
		return await namesOf(this.calls, namespaces);
	}

	async tally(order: TallyOrder): Promise<Reply<null>> {
		return await tally(this.calls, order);
	}

	async tallied(buckets: readonly string[]): Promise<Reply<readonly Tallied[]>> {
		return await talliedIn(this.calls, buckets);
	}

	async stats(): Promise<Reply<readonly StatsRow[]>> {
		return await statsOf(this.calls);
	}

	async signingKey(): Promise<Reply<Buffer>> {
		return await signingKeyOf(this.calls);
	}

	async secretNotes(): Promise<Reply<readonly SecretNote[]>> {
		const { calls } = this;
		return await calls.askAlone(async (client) => {
			const { micros, notes } = await secretNotes(client, calls.keys.secrets, calls.offsetMs());
			// The nodes of a cluster have clocks of their own.
			return { micros: calls.isCluster ? 0 : micros, answer: notes };
		});
	}

	async noteSecret(id: string, lifetimeMs: number): Promise<Reply<null>> {
		const { calls } = this;
		return await calls.askAlone(async (client) => {
			await noteSecret(client, calls.keys.secrets, id, lifetimeMs, calls.offsetMs());
			return { micros: 0, answer: null };
		});
	}

	async close(): Promise<void> {
		if (this.calls.close()) this.replicated?.close();
		await Promise.resolve();
	}

	/** One portion of a listing: which records there are, then those that fit, without their results. */
	private async lookThrough(
		query: ListQuery,
		from: string | null,
		size: number,
	): Promise<Reply<Portion>> {
		const { calls } = this;
		const candidates = await calls.askAlone(async (client) => {
			const clock = calls.clock(client);
			const now = async () => Math.floor((await clock) / 1000);
			const [micros, answer] = await Promise.all([
				clock,
				candidatesOf(client, calls.keys, query, from, size, now),
			]);
			return { micros, answer };
		});
		if (!candidates.ok) return candidates;
		const { identities } = candidates.answer;
		const replies = await calls.askInChunks(
			'list',
			identities.map((identity) => ({ identity })),
			{
				arguments: (chunk) => [
					...keysOf(calls.keys, chunk),
					String(calls.offsetMs()),
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
		const { calls } = this;
		return await calls.reply(async () => {
			const args = [1, calls.keys.notices(consumer), String(calls.offsetMs()), ...order];
			// A lost answer to "take" is not asked for again: what was taken is told after the hold.
			const reply = await calls.run('notices', args, false);
			return { micros: microsOf(reply), answer: reply.slice(1).map(String) };
		});
	}
}

const isGone = (reply: Reply<OwnerAnswer | typeof IS_GONE>) => reply.ok && reply.answer === IS_GONE;
