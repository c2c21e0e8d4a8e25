import type { ClaimAnswer, ClaimRecord, ClaimRequest, ConflictReason } from '../record';
import { viewOf } from '../record';
import { claim } from '../transitions';
import { decodeStored, encodeDigests, encodeKey, encodeRun, encodeTerms, wholeMs } from './codec';
import type { Chunk, Keys } from './keys';
import type { ScriptArguments, ScriptReply } from './scripts';
import { scriptError } from './errors';

/** Requests and answers of claim.lua, whose header says what each argument is. */

export function claimArguments(
	keys: Keys,
	chunk: Chunk<ClaimRequest>,
	offsetMs: number,
): ScriptArguments {
	const settings = new Map<string, number>();
	const asked: string[] = [];
	const items: string[] = [];
	for (const request of chunk.items) {
		const terms = askedOf(request);
		const namespace = request.namespace;
		const run = encodeRun(request);
		const name = `${terms}\n${namespace}\n${run}`;
		let number = settings.get(name);
		if (number === undefined) {
			number = settings.size + 1;
			settings.set(name, number);
			asked.push(terms, namespace, run);
		}
		const { eventAt, tenant } = request;
		const plain = number === 1 && eventAt === null && tenant === '';
		items.push(
			request.owner,
			request.fingerprint,
			encodeKey(request),
			encodeDigests(request.fieldDigests),
			plain ? '' : `${number} ${eventAt ?? ''} ${tenant}`,
		);
	}
	return [
		...keysOf(keys, chunk),
		String(offsetMs),
		chunk.perShard.join(' '),
		String(settings.size),
		...asked,
		...items,
	];
}

/** Number of keys, and the keys: of the items, then `open` and `stats` of each shard. */
export function keysOf(
	keys: Keys,
	{ items, shards }: Pick<Chunk<{ readonly identity: string }>, 'items' | 'shards'>,
): ScriptArguments {
	const names = items.map(({ identity }) => keys.record(identity));
	for (const shard of shards) names.push(keys.open(shard), keys.stats(shard));
	return [names.length, ...names];
}

function askedOf(request: ClaimRequest): string {
	const flags = (request.extendRetention ? 'x' : '') + (request.strictAge ? 's' : '');
	const state = request.pending ? 'P' : 'R';
	const attempts = request.maxAttempts ?? '-';
	return `${state} ${wholeMs(request.leaseMs)} ${encodeTerms(request)} ${attempts} ${flags || '-'}`;
}

/** An answer for each item, in order, or the error that it failed with. */
export function claimAnswers(
	reply: ScriptReply,
	requests: readonly ClaimRequest[],
	micros: number,
): Array<ClaimAnswer | Error> {
	const entries = new Map<number, ScriptReply>();
	for (const entry of reply.slice(1) as ScriptReply[]) entries.set(Number(entry[0]), entry);
	return requests.map((request, i) => {
		const entry = entries.get(i + 1);
		// The first grant of a key: what it holds follows from the request and the time.
		if (entry === undefined) return claim(null, request, { micros, epoch: 0 }).answer;
		return answerOf(entry);
	});
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
		retryAfterMs: word === 'retry_later' ? Number(String(value)) : null,
		record: record === null ? null : viewOf(record),
	};
}
