import type {
	Abandoning,
	ClaimRecord,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
	RecordState,
} from '../../core/record';
import { viewOf } from '../../core/record';
import { keysOf } from './claim-script';
import {
	decodeRun,
	decodeStored,
	encodeDigests,
	encodeKey,
	encodeRun,
	letterOf,
	policyLetter,
	stateOf,
} from './codec';
import { scriptError } from './errors';
import type { Chunk, Keys } from './keys';
import { shardOf } from './keys';
import type { ScriptArguments, ScriptReply } from './scripts';

/** Orders and answers of command.lua and operate.lua, whose headers say what each argument is. */

export function commandArguments(
	keys: Keys,
	chunk: Chunk<OwnerCommand>,
	offsetMs: number,
): ScriptArguments {
	return [
		...keysOf(keys, chunk),
		String(offsetMs),
		chunk.perShard.join(' '),
		...chunk.items.flatMap(argumentsOf),
	];
}

function argumentsOf(order: OwnerCommand): ScriptArguments {
	const { to, nothingRan, durationMs, retryAfterMs, statusCode, reason, result } = endOf(order);
	return [
		order.type,
		order.owner,
		String(order.fence),
		order.ownRun ? '1' : '',
		nothingRan ? NOTHING_RAN : to === '' ? '' : letterOf(to),
		durationMs === null ? '' : String(durationMs),
		retryAfterMs === null ? '' : String(retryAfterMs),
		String(statusCode),
		reason,
		...resultArguments(result),
		...remainsArguments(order),
	];
}

/** In the place of the letter of `released`, where the attempt is given back. */
const NOTHING_RAN = 'N';

interface End {
	readonly to: RecordState | '';
	readonly nothingRan: boolean;
	readonly durationMs: number | null;
	readonly retryAfterMs: number | null;
	readonly statusCode: number;
	readonly reason: string;
	readonly result: Uint8Array | null;
}

const NO_END: End = {
	to: '',
	nothingRan: false,
	durationMs: null,
	retryAfterMs: null,
	statusCode: 0,
	reason: '',
	result: null,
};

function endOf(order: OwnerCommand): End {
	switch (order.type) {
		case 'finish':
			return { ...NO_END, ...pickEnd(order), durationMs: order.retentionMs };
		case 'abandon':
			return { ...NO_END, ...pickEnd(order) };
		case 'release':
			return { ...NO_END, ...pickEnd({ ...order, to: 'released' }) };
		case 'park':
			return { ...NO_END, ...pickEnd({ ...order, to: 'unknown' }) };
		case 'renew':
		case 'start':
			return { ...NO_END, durationMs: order.leaseMs };
		case 'deposit':
			return { ...NO_END, result: order.request };
	}
}

function pickEnd(end: Abandoning): Partial<End> {
	const { to, statusCode, reason } = end;
	if (to === 'released') {
		const { retryAfterMs, nothingRan = false } = end;
		return { to, nothingRan, statusCode, reason, retryAfterMs };
	}
	if (to === 'unknown') return { to, statusCode, reason };
	return { to, statusCode, reason, result: end.result };
}

function resultArguments(result: Uint8Array | null): ScriptArguments {
	if (result === null) return ['', ''];
	return ['1', Buffer.from(result.buffer, result.byteOffset, result.length)];
}

function remainsArguments(order: OwnerCommand): ScriptArguments {
	if (order.type === 'start') return ['', '', encodeRun(order), ''];
	if (order.type !== 'finish') return ['', '', '', ''];
	const { remains } = order;
	const { onUnknownOutcome, eventAt, fingerprint, comparison, fieldDigests, tenant } = remains;
	return [
		`${remains.claimTimeoutMs} ${policyLetter(onUnknownOutcome)} ${eventAt} ${remains.retentionMs}`,
		encodeKey(remains),
		encodeRun(remains),
		`${fingerprint}\n${encodeDigests(fieldDigests)}\n${comparison}\n${tenant}`,
	];
}

/** An answer for each item, in order, or the error that it failed with. */
export function commandAnswers(reply: ScriptReply): Array<OwnerAnswer | Error> {
	return (reply.slice(1) as ScriptReply[]).map((entry) => {
		const [outcome, first, second, third, fourth] = entry;
		const word = String(outcome);
		switch (word) {
			case 'error':
				return scriptError(String(first));
			case 'refused':
				return { outcome: 'refused' };
			case 'lost':
				return { outcome: 'lost', state: stateOf(String(first)) };
			case 'kept': {
				const record = Array.isArray(second) ? viewOf(recordOf(second)) : null;
				return { outcome: 'kept', state: stateOf(String(first)), record };
			}
			case 'done':
				return {
					outcome: 'done',
					state: stateOf(String(first)) as RecordState,
					recovered: String(second) === '1',
					record: viewOf(recordOf(third as ScriptReply)),
				};
			default:
				return {
					outcome: 'superseded',
					reason: String(first) as 'taken_over' | 'forgotten' | 'expired',
					current: {
						state: stateOf(String(second)),
						...decodeRun(String(fourth)),
						fence: Number(String(third)),
					},
				};
		}
	});
}

function recordOf(flat: ScriptReply): ClaimRecord {
	return decodeStored(flat) as ClaimRecord;
}

export function operateArguments(
	keys: Keys,
	order: OperatorCommand,
	offsetMs: number,
): ScriptArguments {
	const shard = shardOf(order.identity);
	const resolve = order.type === 'resolve' ? order : null;
	const end = resolve?.to === 'completed' ? resolve : null;
	return [
		3,
		keys.record(order.identity),
		keys.open(shard),
		keys.stats(shard),
		String(offsetMs),
		order.type,
		resolve === null ? '' : letterOf(resolve.to),
		resolve === null ? '' : String(resolve.seen.fence),
		resolve === null ? '' : letterOf(resolve.seen.state),
		order.force ? '1' : '',
		String(end?.statusCode ?? 0),
		resolve?.reason ?? '',
		...resultArguments(end?.result ?? null),
	];
}

export function operateAnswer([, outcome, value]: ScriptReply): OperatorAnswer | Error {
	const word = String(outcome);
	if (word === 'error') return scriptError(String(value));
	return {
		outcome: word as OperatorAnswer['outcome'],
		state: stateOf(String(value)),
	};
}
