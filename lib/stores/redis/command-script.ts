import { isAscii } from 'node:buffer';

import type {
	Abandoning,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
	RecordState,
} from '../../core/record';
import { keysOf } from './claim-script';
import {
	decodeRun,
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

/** @param withRemains whether a finish carries what it needs where the record is gone, which is rare */
export function commandArguments(
	keys: Keys,
	chunk: Chunk<OwnerCommand>,
	offsetMs: number,
	withRemains: boolean,
): ScriptArguments {
	const settings = new Map<string, string>();
	const items: ScriptArguments = [];
	for (const order of chunk.items) {
		const end = endOf(order);
		const asked = settingsOf(order, end);
		const known = settings.get(asked);
		const number = known ?? String(settings.size + 1);
		if (known === undefined) settings.set(asked, number);
		const text = order.type === 'start' ? encodeRun(order) : end.reason;
		items.push(number, order.owner, String(order.fence), text, bytesOrNone(end.result));
		if (withRemains) items.push(...remainsArguments(order));
	}
	return [
		...keysOf(keys, chunk),
		String(offsetMs),
		chunk.perShard.join(' '),
		String(settings.size),
		withRemains ? '9' : '5',
		...settings.keys(),
		...items,
	];
}

/** What orders of a batch mostly have in common is sent once. */
function settingsOf(order: OwnerCommand, end: End): string {
	const { to, nothingRan, durationMs, retryAfterMs, statusCode, result } = end;
	const state = nothingRan ? NOTHING_RAN : to === '' ? '-' : letterOf(to);
	const flags = `${order.ownRun ? 1 : 0} ${result === null ? 0 : 1}`;
	return `${order.type} ${state} ${flags} ${durationMs ?? '-'} ${retryAfterMs ?? '-'} ${statusCode}`;
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

function endOf(order: OwnerCommand): End {
	switch (order.type) {
		case 'finish':
			return ended(order, order.retentionMs);
		case 'abandon':
			return ended(order);
		case 'release':
			return ended({ ...order, to: 'released' });
		case 'park':
			return ended({ ...order, to: 'unknown' });
		case 'renew':
		case 'start':
			return noEnd(order.leaseMs, null);
		case 'deposit':
			return noEnd(null, order.request);
	}
}

/** Written out: an object made with `...` takes V8 longer than its order takes Redis. */
function ended(end: Abandoning, durationMs: number | null = null): End {
	return {
		to: end.to,
		nothingRan: end.to === 'released' && end.nothingRan === true,
		durationMs,
		retryAfterMs: end.to === 'released' ? end.retryAfterMs : null,
		statusCode: end.statusCode,
		reason: end.reason,
		result: end.to === 'released' || end.to === 'unknown' ? null : end.result,
	};
}

function noEnd(durationMs: number | null, result: Uint8Array | null): End {
	return {
		to: '',
		nothingRan: false,
		durationMs,
		retryAfterMs: null,
		statusCode: 0,
		reason: '',
		result,
	};
}

function resultArguments(result: Uint8Array | null): ScriptArguments {
	return [result === null ? '' : '1', bytesOrNone(result)];
}

/** As text where it is ASCII, as most JSON is: ioredis writes a command without buffers in a third of the time. */
function bytesOrNone(result: Uint8Array | null): string | Buffer {
	if (result === null) return '';
	const bytes = Buffer.from(result.buffer, result.byteOffset, result.length);
	return bytes.length <= SHORT_BYTES && isAscii(bytes) ? bytes.toString('latin1') : bytes;
}

const SHORT_BYTES = 1 << 16;

function remainsArguments(order: OwnerCommand): ScriptArguments {
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

/** A finish, or what follows one, of a record that is gone: it has to be asked for with what it needs then. */
export const IS_GONE = 'gone';

/** An answer for each item, in order, or the error that it failed with. */
export function commandAnswers(
	reply: ScriptReply,
	{ items }: Pick<Chunk<OwnerCommand>, 'items'>,
): Array<OwnerAnswer | typeof IS_GONE | Error> {
	return items.map((order, i) => {
		const entry = reply[i + 1];
		return Array.isArray(entry) ? answerOf(entry as ScriptReply) : doneAsOrdered(order);
	});
}

function doneAsOrdered(order: OwnerCommand): OwnerAnswer | Error {
	if (order.type !== 'finish') return scriptError('CORRUPT reply to a command');
	return { outcome: 'done', state: order.to, recovered: false };
}

function answerOf(entry: ScriptReply): OwnerAnswer | typeof IS_GONE | Error {
	const [outcome, first, second, third, fourth] = entry;
	const word = String(outcome);
	switch (word) {
		case 'error':
			return scriptError(String(first));
		case 'absent':
			return IS_GONE;
		case 'refused':
			return { outcome: 'refused' };
		case 'lost':
			return { outcome: 'lost', state: stateOf(String(first)) };
		case 'kept':
			return { outcome: 'kept', state: stateOf(String(first)) };
		case 'done':
			return {
				outcome: 'done',
				state: stateOf(String(first)) as RecordState,
				recovered: String(second) === '1',
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
		order.seen === undefined ? '' : String(order.seen.fence),
		order.seen === undefined ? '' : letterOf(order.seen.state),
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
