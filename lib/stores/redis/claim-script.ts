import { wholeMs } from '../../core/durations';
import type {
	ClaimAnswer,
	ClaimRecord,
	ClaimRequest,
	ConflictReason,
	ContentHeld,
	ContentTerms,
} from '../../core/record';
import { viewOf } from '../../core/record';
import type { StoreError } from '../../core/reply';
import { decodeStored, encodeDigests, encodeKey, encodeTerms } from './codec';
import type { Chunk, Keys } from './keys';
import type { ScriptArguments, ScriptReply } from './scripts';
import { scriptError } from './errors';

/** Requests and answers of claim.lua, whose header says what each argument is. */

/** A request whose budget is not asked, see claim.lua: it has no room, or only whether the key would be granted is asked. */
export type AskedClaim = ClaimRequest & { readonly grants?: 'none' | 'probed' };

const NOT_GRANTED = { none: 'n', probed: 'p' } as const;

export function claimArguments(
	keys: Keys,
	chunk: Chunk<AskedClaim>,
	offsetMs: number,
): ScriptArguments {
	const { items } = chunk;
	const execution = executionOf(items);
	const settings = new Settings(execution);
	const asked: string[] = [];
	const numbers = items.map((request) => settings.numberOf(request));
	const isPlain = settings.count === 1 && items.every(isOnPlainTerms);
	const stride = !isPlain ? 6 : execution === null ? 5 : 4;
	for (const [i, request] of items.entries()) {
		const { owner, fingerprint } = request;
		asked.push(owner, fingerprint, encodeKey(request), encodeDigests(request.fieldDigests));
		if (stride === 4) continue;
		asked.push(execution === null ? request.executionId : '');
		if (stride === 6) asked.push(furtherTerms(request, numbers[i] ?? 1));
	}
	const contents = contentsOf(chunk);
	for (const { place, terms } of contents) asked.push(`${place + 1} ${wholeMs(terms.windowMs)}`);
	return [
		...keysOf(
			keys,
			chunk,
			contents.map(({ terms }) => terms.identity),
		),
		String(offsetMs),
		chunk.perShard.join(' '),
		String(settings.count),
		String(stride),
		...settings.asked,
		...asked,
	];
}

interface Content {
	/** Of its item, in the chunk. */
	readonly place: number;
	readonly terms: ContentTerms;
}

/** In the order in which they are asked for. */
function contentsOf({ items, places }: Chunk<AskedClaim>): Content[] {
	if (items.every(({ content }) => content === undefined)) return [];
	const contents = items.flatMap(({ content: terms }, place) =>
		terms === undefined ? [] : [{ place, terms }],
	);
	return contents.sort((one, other) => (places[one.place] ?? 0) - (places[other.place] ?? 0));
}

/** The execution that all are of; null where they are of several. */
function executionOf(requests: readonly ClaimRequest[]): string | null {
	const execution = requests[0]?.executionId ?? '';
	return requests.every(({ executionId }) => executionId === execution) ? execution : null;
}

function isOnPlainTerms({ eventAt, tenant, budget }: ClaimRequest): boolean {
	return eventAt === null && tenant === '' && budget === undefined;
}

/** What an item has beside settings 1. */
function furtherTerms(request: AskedClaim, number: number): string {
	if (number === 1 && isOnPlainTerms(request)) return '';
	const { eventAt, grants, tenant } = request;
	const mark = grants === undefined ? '' : NOT_GRANTED[grants];
	return `${number} ${eventAt ?? ''}${mark} ${tenant}`;
}

/** What requests of a batch mostly have in common is sent once. */
class Settings {
	/** Terms, namespace and comparison of each. */
	readonly asked: string[] = [];

	private readonly numbers = new Map<string, number>();

	private last: { readonly request: ClaimRequest; readonly number: number } | undefined;

	/** @param execution null where each item tells its own */
	constructor(private readonly execution: string | null) {}

	get count(): number {
		return this.numbers.size;
	}

	numberOf(request: ClaimRequest): number {
		const { last } = this;
		if (last !== undefined && haveSameSettings(request, last.request)) return last.number;
		const terms = askedOf(request, this.execution ?? '');
		const name = `${request.namespace}\n${request.comparison}\n${terms}`;
		const number = this.numbers.get(name) ?? this.numbers.size + 1;
		if (number > this.numbers.size) {
			this.numbers.set(name, number);
			this.asked.push(terms, request.namespace, request.comparison);
		}
		this.last = { request, number };
		return number;
	}
}

function haveSameSettings(one: ClaimRequest, other: ClaimRequest): boolean {
	return (
		one.leaseMs === other.leaseMs &&
		one.claimTimeoutMs === other.claimTimeoutMs &&
		one.retentionMs === other.retentionMs &&
		one.onUnknownOutcome === other.onUnknownOutcome &&
		one.maxAttempts === other.maxAttempts &&
		one.extendRetention === other.extendRetention &&
		one.strictAge === other.strictAge &&
		one.pending === other.pending &&
		one.namespace === other.namespace &&
		one.comparison === other.comparison &&
		one.workflowId === other.workflowId &&
		one.counting === other.counting
	);
}

/** Number of keys, and the keys: of the items, and others, then `open` and `stats` of each shard. */
export function keysOf(
	keys: Keys,
	{ items, shards }: Pick<Chunk<{ readonly identity: string }>, 'items' | 'shards'>,
	others: readonly string[] = [],
): ScriptArguments {
	const names = items.map(({ identity }) => keys.record(identity));
	for (const identity of others) names.push(keys.record(identity));
	for (const shard of shards) names.push(keys.open(shard), keys.stats(shard));
	return [names.length, ...names];
}

const COUNTED_AS = { observed: 'o', none: 'q' } as const;

function askedOf(request: ClaimRequest, executionId: string): string {
	const counting = request.counting === undefined ? '' : COUNTED_AS[request.counting];
	const flags = (request.extendRetention ? 'x' : '') + (request.strictAge ? 's' : '') + counting;
	const state = request.pending ? 'P' : 'R';
	const attempts = request.maxAttempts ?? '-';
	const terms = encodeTerms({ ...request, executionId });
	return `${state} ${request.leaseMs} ${attempts} ${flags || '-'} ${terms}`;
}

/** An answer for each item, in order, or the error that it failed with. */
export function claimAnswers(
	reply: ScriptReply,
	requests: readonly ClaimRequest[],
	micros: number,
	errorOf: (error: unknown) => StoreError,
): Array<ClaimAnswer | Error> {
	const entries = new Map<number, ScriptReply>();
	for (const entry of reply.slice(1) as ScriptReply[]) entries.set(Number(entry[0]), entry);
	return requests.map((request, i) => {
		const entry = entries.get(i + 1);
		const answer = entry === undefined ? firstGrant(request, micros) : answerOf(entry);
		if (request.content === undefined || !isGrant(answer)) return answer;
		return { ...answer, contentHeld: contentHeldIn(entries.get(-(i + 1)), errorOf) };
	});
}

type Grant = ClaimAnswer & { readonly outcome: 'new' };

const isGrant = (answer: ClaimAnswer | Error): answer is Grant =>
	!(answer instanceof Error) && answer.outcome === 'new';

function contentHeldIn(
	entry: ScriptReply | undefined,
	errorOf: (error: unknown) => StoreError,
): ContentHeld {
	if (entry === undefined) return null;
	const [, outcome, words, flat] = entry;
	if (String(outcome) === 'error') return errorOf(scriptError(String(words)));
	return viewOf(decodeStored(flat as ScriptReply) as ClaimRecord);
}

/**
 * The first grant of a key, of which the script says nothing: all follows from the request and the time. Written out, since a large
 * object made with `...` costs V8 more than the claim costs Redis.
 */
function firstGrant(request: ClaimRequest, micros: number): ClaimAnswer {
	const now = Math.floor(micros / 1000);
	const leaseMs = request.pending ? request.claimTimeoutMs : request.leaseMs;
	const leaseUntil = now + leaseMs;
	return {
		outcome: 'new',
		fence: micros,
		takeover: false,
		record: {
			state: request.pending ? 'pending' : 'processing',
			fieldDigests: request.fieldDigests,
			namespace: request.namespace,
			key: request.key,
			eventAt: request.eventAt ?? now,
			firstSeenAt: now,
			claimedAt: now,
			leaseUntil,
			claimTimeoutMs: request.claimTimeoutMs,
			attempts: 1,
			notBefore: 0,
			finishedAt: 0,
			retentionMs: request.retentionMs,
			expiresAt: leaseUntil + request.retentionMs,
			statusCode: 0,
			duplicates: 0,
			onUnknownOutcome: request.onUnknownOutcome,
			reason: '',
			workflowId: request.workflowId,
			executionId: request.executionId,
		},
	};
}

function answerOf([, outcome, value, flat]: ScriptReply): ClaimAnswer | Error {
	const word = String(outcome);
	if (word === 'error') return scriptError(String(value));
	const record = Array.isArray(flat) ? (decodeStored(flat) as ClaimRecord) : null;
	if (record !== null && word === 'new') {
		const takeover = String(value) === '1';
		return { outcome: 'new', fence: record.fence, takeover, record: viewOf(record) };
	}
	if (record !== null && word === 'duplicate') {
		return { outcome: 'duplicate', record: viewOf(record), result: record.result };
	}
	return {
		outcome: 'conflict',
		reason: word as ConflictReason,
		retryAfterMs: String(value) === '' ? null : Number(String(value)),
		record: record === null ? null : viewOf(record),
	};
}
