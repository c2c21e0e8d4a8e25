import { attemptAsync } from '../../core/attempt';
import type { Reply } from '../../core/reply';
import { StoreError } from '../../core/reply';
import { type BatchScript, askInChunks, metNewShard, microsOf } from './batch';
import { isPassing, scriptError, storeErrorOf } from './errors';
import { type Chunk, Keys, SHARDS } from './keys';
import type { RedisOptions } from './options';
import { addressOf, prefixOf } from './options';
import type { HowToAsk, SharedConnection } from './pool';
import type { Client, ScriptArguments, ScriptName, ScriptReply } from './scripts';
import { bytesOf, runScript } from './scripts';

/** An answer, and the store's clock when it was given: microseconds since 1970. */
export interface Timed<Answer> {
	readonly micros: number;
	readonly answer: Answer;
}

/** How one store asks Redis: over a connection that others may share, under its own prefix. */
export class RedisCalls {
	readonly keys: Keys;

	readonly address: string;

	private readonly epochNoted: string;

	private isClosed = false;

	constructor(
		private readonly options: RedisOptions,
		readonly connection: SharedConnection,
	) {
		this.keys = new Keys(prefixOf(options));
		this.address = addressOf(options);
		this.epochNoted = `epoch ${prefixOf(options)}`;
		connection.open();
	}

	/** A script may touch one shard only. */
	get isCluster(): boolean {
		return this.options.deployment === 'cluster';
	}

	/** @returns false where it was closed before */
	close(): boolean {
		if (this.isClosed) return false;
		this.isClosed = true;
		this.connection.close();
		return true;
	}

	errorOf(error: unknown): StoreError {
		return storeErrorOf(error, this.address);
	}

	offsetMs(): number {
		return this.options.clockOffsetMs?.() ?? 0;
	}

	/** Microseconds since 1970, by Redis. */
	async clock(client: Client): Promise<number> {
		const [seconds, micros] = await client.time();
		return Number(seconds) * 1_000_000 + Number(micros) + this.offsetMs() * 1000;
	}

	async askInChunks<Item extends { readonly identity: string }, Answer>(
		name: ScriptName,
		batch: readonly Item[],
		script: Pick<BatchScript<Item, Answer>, 'answers' | 'sizeOf'> & {
			readonly arguments: (chunk: Chunk<Item>) => ScriptArguments;
		},
	): Promise<Array<Reply<Answer>>> {
		return await askInChunks(batch, {
			...script,
			run: async (chunk) => await this.run(name, script.arguments(chunk)),
			oneShardEach: this.isCluster,
			errorOf: (error: unknown) => this.errorOf(error),
		});
	}

	async askAlone<Answer>(ask: (client: Client) => Promise<Timed<Answer>>): Promise<Reply<Answer>> {
		return await this.reply(async () => await this.ask(ask));
	}

	async reply<Answer>(ask: () => Promise<Timed<Answer>>): Promise<Reply<Answer>> {
		const asked = await attemptAsync(ask);
		if (asked.ok) return { ok: true, ...asked.value };
		return { ok: false, error: this.errorOf(asked.error) };
	}

	async run(name: ScriptName, args: ScriptArguments, repeat = true): Promise<ScriptReply> {
		return (await this.runOver(this.connection, name, args, repeat)).value;
	}

	async runOver(
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
		if (this.isClosed) throw new StoreError('unreachable', 'This store was closed.');
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
