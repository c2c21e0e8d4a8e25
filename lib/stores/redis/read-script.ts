import type { ClaimAnswer, ClaimRecord, Tombstone } from '../../core/record';
import { type Reply, StoreError, replyAt } from '../../core/reply';
import { LEFT_OUT, decodeStored } from './codec';
import { scriptError } from './errors';
import type { ScriptReply } from './scripts';

/**
 * Answers of read.lua and list.lua. One answer holds results of some MB at most: a line that takes longer for it than a command may
 * last would fail again and again. The others are asked for in further answers, a few at a time.
 */

type Stored = ClaimRecord | Tombstone | null;

/** What was left out has to be asked for again. */
export type ReadAnswer = Stored | 'left out';

/** So many keys are asked for together where results are long. */
const FEW = 8;

export function recordAnswer([outcome, value]: ScriptReply): Stored | Error {
	switch (String(outcome)) {
		case 'record':
			return decodeStored(value as ScriptReply);
		case 'absent':
			return null;
		default:
			return scriptError(String(value));
	}
}

export function readAnswer(entry: ScriptReply): ReadAnswer | Error {
	return String(entry[0]) === 'later' ? 'left out' : recordAnswer(entry);
}

/** Reads until nothing is left out. An answer leaves out nothing, or holds at least one record. */
export async function readAll(
	identities: readonly string[],
	read: (identities: readonly string[]) => Promise<Array<Reply<ReadAnswer>>>,
): Promise<Array<Reply<Stored>>> {
	const replies = await read(identities);
	let left = placesOf(replies, isLeftOut);
	while (left.length > 0) {
		const places = left.slice(0, FEW);
		const again = await read(places.map((place) => identities[place] ?? ''));
		for (const [i, place] of places.entries()) replies[place] = replyAt(again, i);
		left = [...places.filter((place) => isLeftOut(replyAt(replies, place))), ...left.slice(FEW)];
	}
	return replies as Array<Reply<Stored>>;
}

/** Duplicates whose result was left out. */
export function placesLeftOut(replies: ReadonlyArray<Reply<ClaimAnswer>>): number[] {
	return placesOf(
		replies,
		(reply) => reply.ok && reply.answer.outcome === 'duplicate' && reply.answer.result === LEFT_OUT,
	);
}

/** The duplicate with the result that was read for it. */
export function withResult(
	reply: Reply<ClaimAnswer> | undefined,
	read: Reply<Stored> | undefined,
): Reply<ClaimAnswer> {
	if (reply?.ok !== true || reply.answer.outcome !== 'duplicate' || read === undefined) {
		return replyAt([], 0);
	}
	if (!read.ok) return read;
	const record = read.answer;
	const { record: view } = reply.answer;
	const isSame =
		record !== null &&
		record.state === view.state &&
		record.claimedAt === view.claimedAt &&
		record.finishedAt === view.finishedAt;
	if (isSame) return { ...reply, answer: { ...reply.answer, result: record.result } };
	const problem = 'The record of this key changed while its result was read.';
	return { ok: false, error: new StoreError('busy', problem) };
}

const isLeftOut = (reply: Reply<ReadAnswer>) => reply.ok && reply.answer === 'left out';

function placesOf<Answer>(
	replies: ReadonlyArray<Reply<Answer>>,
	fits: (reply: Reply<Answer>) => boolean,
): number[] {
	return replies.flatMap((reply, place) => (fits(reply) ? [place] : []));
}
