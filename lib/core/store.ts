import type { ListPage, ListQuery } from './listing';
import type { Reply } from './reply';
import type {
	ClaimAnswer,
	ClaimRecord,
	ClaimRequest,
	ConflictReason,
	Counting,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
	Tombstone,
} from './record';

/**
 * A place that keeps records and changes each by one atomic step, as transitions.ts says. A store knows nothing of n8n.
 *
 * Batches are answered in order, one reply each; a record that can't be read, or a store that can't be asked, fails its
 * own items and no others. No method rejects for a store's failure: the reply carries it.
 */
export interface Store {
	readonly kind: StoreKind;

	claim(
		requests: readonly ClaimRequest[],
		options?: ClaimOptions,
	): Promise<ReadonlyArray<Reply<ClaimAnswer>>>;

	/** finish, release, park, abandon, renew, start. */
	command(orders: readonly OwnerCommand[]): Promise<ReadonlyArray<Reply<OwnerAnswer>>>;

	/** resolve, forget. Forget with `force` removes a corrupt or foreign value as well. */
	operate(order: OperatorCommand): Promise<Reply<OperatorAnswer>>;

	/** The records as stored and not expired; null where there is none. */
	get(identities: readonly string[]): Promise<ReadonlyArray<Reply<ClaimRecord | Tombstone | null>>>;

	/**
	 * Calls `listener` when a claim on one of the identities may have come to an end, and once when listening begins: what ended
	 * before is found by looking then. A hint and no promise: where the store can't tell (another process's file, a lost
	 * connection, a user without channels) the listener is not called. Never fails; the caller looks by itself as well.
	 *
	 * @returns ends the listening
	 */
	onSettled(identities: readonly string[], listener: () => void): () => void;

	/** Records page by page. A listing holds one page at a time, and no claim waits for it. */
	list(query: ListQuery): Promise<Reply<ListPage>>;

	/**
	 * Takes what is to be told to a consumer: of `notices`, those that it was not told and nobody else is telling it now. They are
	 * held for `holdMs`, and may be taken again after that: whoever took them may have been killed.
	 */
	takeNotices(order: NoticesToTake): Promise<Reply<readonly string[]>>;

	/** Notices that need not be taken again before a time: told, or still being told. */
	keepNotices(order: NoticesToKeep): Promise<Reply<null>>;

	/** What people call a namespace, for whoever reads listings. The last that was noted counts, and is forgotten after its time. */
	noteName(note: NameNote): Promise<Reply<null>>;

	/** Those that were noted, by namespace. */
	names(namespaces: readonly string[]): Promise<Reply<ReadonlyMap<string, string>>>;

	/** Adds to counters beside those of claims, such as those by the minute. A bucket is kept for a while after it was last added to. */
	tally(order: TallyOrder): Promise<Reply<null>>;

	/** What was counted in these buckets. */
	tallied(buckets: readonly string[]): Promise<Reply<readonly Tallied[]>>;

	/** Counters by day (UTC, `yyyymmdd`) and namespace. */
	stats(): Promise<Reply<readonly StatsRow[]>>;

	/** 32 random bytes that the store made once and keeps: they authenticate claim tokens. Redis tells no time with them. */
	signingKey(): Promise<Reply<Buffer>>;

	close(): Promise<void>;
}

/** A store whose records may be of a secret: it notes which, so that another one is not taken for a store that remembers nothing. */
export interface SecretAwareStore extends Store {
	/**
	 * What is noted now: the secrets that records may be of, and who uses the store, see instance-notes.ts. `micros` is 0 where no single
	 * clock orders this with claims.
	 */
	secretNotes(): Promise<Reply<readonly SecretNote[]>>;

	/** The note counts for `lifetimeMs` from now, as long as records of the secret may live. A later time that was noted before stays. */
	noteSecret(id: string, lifetimeMs: number): Promise<Reply<null>>;
}

export interface SecretNote {
	/** Names a secret without giving it away. */
	readonly id: string;
	/** Until when a record of it may live, in ms. */
	readonly until: number;
}

export interface SecretNotes {
	readonly micros: number;
	readonly notes: readonly SecretNote[];
}

export type StoreKind = 'embedded' | 'postgres' | 'redis';

export interface ClaimOptions {
	/** So many replicas have to hold a new claim before it counts; with fewer it is given back, and its item fails. Redis only. */
	readonly minReplicas?: number;
}

export interface NoticesToTake {
	/** Who is told: `[A-Za-z0-9_-]{1,64}`. */
	readonly consumer: string;
	readonly notices: readonly string[];
	readonly holdMs: number;
}

export interface NoticesToKeep {
	readonly consumer: string;
	readonly notices: ReadonlyArray<{ readonly notice: string; readonly until: number }>;
}

export interface TallyOrder {
	readonly counts: readonly Tallied[];
	readonly keepMs: number;
}

export interface Tallied {
	/** `[A-Za-z0-9_-]{1,64}` */
	readonly bucket: string;
	/** What is counted: at most 2,000 characters, none of them a control character. */
	readonly name: string;
	readonly by: number;
}

export interface NameNote {
	readonly namespace: string;
	readonly name: string;
	readonly lifetimeMs: number;
}

export interface StatsRow {
	readonly day: string;
	readonly namespace: string;
	readonly counter: Counter;
	readonly value: number;
}

/**
 * What a store counts: each answer to a claim under its outcome or reason (`retry`: new, but not the first attempt), and the
 * bytes of the results it stored.
 */
export type Counter = 'new' | 'retry' | 'bytes' | Blocked | ObservedCounter;

/** Why a claim was not granted. */
export type Blocked = 'duplicate' | Unclaimed | ConflictReason;

/** Why a request never came to the store. */
export type Unclaimed = 'missing_key' | 'signature_refused';

/** What would have been blocked, and was only watched. */
export type ObservedCounter = `${typeof OBSERVED}${Blocked}`;

export const OBSERVED = 'observed_';

/** The counter of an answer to a claim; null where it is not counted. */
export function counterOf(answer: ClaimAnswer, counting?: Counting): Counter | null {
	if (counting === 'none') return null;
	if (answer.outcome === 'new') return answer.record.attempts > 1 ? 'retry' : 'new';
	const blocked = answer.outcome === 'duplicate' ? 'duplicate' : answer.reason;
	return counting === 'observed' ? `${OBSERVED}${blocked}` : blocked;
}
