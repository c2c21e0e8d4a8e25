import type { ClaimAnswer, ClaimRequest } from '../../core/record';
import type { Reply, StoreError } from '../../core/reply';
import { type BudgetUnits, type Unit, unitOf } from './budget-units';
import type { AskedClaim } from './claim-script';

export interface BudgetedAsk {
	/** Claims keys that are all different. */
	readonly claim: (requests: readonly AskedClaim[]) => Promise<Array<Reply<ClaimAnswer>>>;
	readonly units: BudgetUnits;
	readonly errorOf: (error: unknown) => StoreError;
}

/**
 * Claims that count against budgets. Key and counter may be on different servers, so that no one step can do both: a unit of the
 * budget is taken, the key is claimed, and the unit is given back where the key was not granted. What breaks between these steps
 * loses a unit for the window; no grant is ever made without one.
 *
 * The items are answered as if they came one after the other: a key that comes again waits for the items before it.
 */
export async function claimBudgeted(
	requests: readonly ClaimRequest[],
	ask: BudgetedAsk,
): Promise<Array<Reply<ClaimAnswer>>> {
	const replies: Array<Reply<ClaimAnswer>> = [];
	for (const round of roundsOf(requests)) {
		const down = replies.find(isOfServer);
		replies.push(...(down === undefined ? await claimRound(round, ask) : round.map(() => down)));
	}
	return replies;
}

/** The batch in pieces in which no key comes twice. */
function roundsOf(requests: readonly ClaimRequest[]): ClaimRequest[][] {
	const rounds: ClaimRequest[][] = [];
	let seen = new Set<string>();
	for (const request of requests) {
		if (rounds.length === 0 || seen.has(request.identity)) {
			rounds.push([]);
			seen = new Set();
		}
		seen.add(request.identity);
		rounds.at(-1)?.push(request);
	}
	return rounds;
}

/** A server that can't be asked is not asked for the rest of a long batch. */
function isOfServer(reply: Reply<ClaimAnswer>): boolean {
	return !reply.ok && (reply.error.problem === 'unreachable' || reply.error.problem === 'timeout');
}

/** A claim that is granted if its budget has room. */
interface Wanted {
	readonly request: ClaimRequest;
	readonly place: number;
	readonly unit: Unit;
}

async function claimRound(
	round: readonly ClaimRequest[],
	{ claim, units, errorOf }: BudgetedAsk,
): Promise<Array<Reply<ClaimAnswer>>> {
	// What would not be granted anyway takes no unit, not even for a moment in which others would miss it.
	const replies = await claim(round.map(probed));
	const wanted: Wanted[] = [];
	for (const [place, request] of round.entries()) {
		const { budget } = request;
		const reply = replies[place];
		if (budget === undefined || reply === undefined || !isExhausted(reply)) continue;
		wanted.push({ request, place, unit: unitOf(budget) });
	}
	if (wanted.length === 0) return replies;

	const taken = await units.take(wanted.map(({ unit }) => unit));
	const asked = wanted.filter(({ unit, place }) => {
		const answer = taken.get(unit);
		if (answer?.outcome !== 'error') return true;
		replies[place] = { ok: false, error: errorOf(answer.error) };
		return false;
	});
	const claimed = await claim(
		asked.map(({ request, unit }) =>
			taken.get(unit)?.outcome === 'taken' ? request : { ...request, grants: 'none' as const },
		),
	);
	const unused: Unit[] = [];
	for (const [i, { unit, place }] of asked.entries()) {
		const reply = claimed[i];
		const answer = taken.get(unit);
		if (reply === undefined || answer === undefined) continue;
		replies[place] = answer.outcome === 'no_room' ? withWait(reply, answer.roomAt) : reply;
		// After a failure it is not known whether the key was granted: the unit stays taken.
		if (answer.outcome === 'taken' && reply.ok && !isGrant(reply)) unused.push(unit);
	}
	await units.giveBack(unused);
	return replies;
}

function probed(request: ClaimRequest): AskedClaim {
	return request.budget === undefined ? request : { ...request, grants: 'probed' };
}

type Answered = Reply<ClaimAnswer> & { readonly ok: true };

function isExhausted(reply: Reply<ClaimAnswer>): reply is Answered & {
	readonly answer: { readonly outcome: 'conflict' };
} {
	return (
		reply.ok && reply.answer.outcome === 'conflict' && reply.answer.reason === 'budget_exhausted'
	);
}

function withWait(reply: Reply<ClaimAnswer>, roomAt: number): Reply<ClaimAnswer> {
	if (!isExhausted(reply)) return reply;
	const retryAfterMs = Math.max(1, roomAt - Math.floor(reply.micros / 1000));
	return { ...reply, answer: { ...reply.answer, retryAfterMs } };
}

/** The owner who asks again is given the fence of before; that of a grant is not older than the answer. */
function isGrant({ answer, micros }: Answered): boolean {
	return answer.outcome === 'new' && answer.fence >= micros;
}
