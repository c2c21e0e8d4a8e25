import { randomUUID } from 'node:crypto';

import { attemptAsync } from '../../core/attempt';
import { type Budget, budgetProblem } from '../../core/budget';
import type { ClaimAnswer, ClaimRequest } from '../../core/record';
import { type Reply, StoreError } from '../../core/reply';
import { microsOf } from './batch';
import { type AskedClaim, claimAnswers, claimArguments } from './claim-script';
import { type Keys, shardOf } from './keys';
import type { ScriptArguments, ScriptName, ScriptReply } from './scripts';

/** Such a script takes about 30 µs an item. */
const MAX_ITEMS = 100;

export interface BudgetedAsk {
	readonly keys: Keys;
	readonly offsetMs: () => number;
	readonly isCluster: boolean;
	readonly run: (name: ScriptName, args: ScriptArguments) => Promise<ScriptReply>;
	readonly errorOf: (error: unknown) => StoreError;
	/** Why a request can't be asked, whatever its budget. */
	readonly refused: (request: ClaimRequest) => StoreError | null;
}

type BudgetedRequest = ClaimRequest & { readonly budget: Budget };

/**
 * Claims that count against budgets, one after the other in the order of the batch. Where key and counter are on one server each is
 * one step of a script. In a cluster they are not: a unit of the budget is taken, the key is claimed, and the unit is given
 * back where it was not granted. A crash between these loses a unit for the window; none is ever granted without.
 */
export async function claimBudgeted(
	requests: readonly ClaimRequest[],
	ask: BudgetedAsk,
): Promise<Array<Reply<ClaimAnswer>>> {
	const replies = new Array<Reply<ClaimAnswer>>(requests.length);
	const accepted: number[] = [];
	for (const [place, request] of requests.entries()) {
		const error = ask.refused(request) ?? refusedBudget(request);
		if (error === null) accepted.push(place);
		else replies[place] = { ok: false, error };
	}
	const size = ask.isCluster ? 1 : MAX_ITEMS;
	for (let at = 0; at < accepted.length; at += size) {
		const places = accepted.slice(at, at + size);
		const chunk = places.flatMap((place) => requests[place] ?? []);
		const asked = await attemptAsync(async () => await claimChunk(chunk, ask));
		if (asked.ok) {
			for (const [i, place] of places.entries()) replies[place] = asked.value[i]!;
			continue;
		}
		// A server that can't be asked is not asked for the rest of a long batch.
		const error = ask.errorOf(asked.error);
		for (const place of accepted.slice(at)) replies[place] = { ok: false, error };
		break;
	}
	return replies;
}

function refusedBudget({ budget }: ClaimRequest): StoreError | null {
	if (budget === undefined) return null;
	const problem = budgetProblem(budget);
	return problem === null ? null : new StoreError('configuration', problem);
}

async function claimChunk(
	chunk: readonly ClaimRequest[],
	ask: BudgetedAsk,
): Promise<Array<Reply<ClaimAnswer>>> {
	const [only] = chunk;
	if (ask.isCluster && only !== undefined) {
		if (!hasBudget(only)) return [await claimAlone(only, ask)];
		if (shardOf(only.identity) !== shardOf(only.budget.identity)) {
			return [await claimAcrossSlots(only, ask)];
		}
	}
	const reply = await ask.run('budgeted', budgetedArguments(chunk, ask));
	return chunk.map((request, i) => claimReply(reply[i + 1] as ScriptReply, request, ask));
}

function hasBudget(request: ClaimRequest): request is BudgetedRequest {
	return request.budget !== undefined;
}

function budgetedArguments(chunk: readonly ClaimRequest[], ask: BudgetedAsk): ScriptArguments {
	const names: ScriptArguments = [];
	const rest: ScriptArguments = [String(ask.offsetMs())];
	for (const request of chunk) {
		const { budget } = request;
		const [, key, open, stats, ...asked] = aloneArguments(request, ask);
		names.push(key ?? '', open ?? '', stats ?? '', ask.keys.budget((budget ?? request).identity));
		rest.push(budget?.limit ?? 0, Math.ceil(budget?.windowMs ?? 0), randomUUID());
		rest.push(...asked, ...(asked.length < ARGUMENTS_ALONE ? [''] : []));
	}
	return [names.length, ...names, ...rest];
}

/** Of claim.lua for one item that has a fifth argument. */
const ARGUMENTS_ALONE = 11;

function aloneArguments(request: AskedClaim, { keys, offsetMs }: BudgetedAsk): ScriptArguments {
	const shards = [shardOf(request.identity)];
	return claimArguments(keys, { items: [request], places: [0], shards, perShard: [1] }, offsetMs());
}

async function claimAlone(request: AskedClaim, ask: BudgetedAsk): Promise<Reply<ClaimAnswer>> {
	return claimReply(await ask.run('claim', aloneArguments(request, ask)), request, ask);
}

function claimReply(
	reply: ScriptReply,
	request: ClaimRequest,
	{ errorOf }: BudgetedAsk,
): Reply<ClaimAnswer> {
	const micros = microsOf(reply);
	const [answer] = claimAnswers(reply, [request], micros);
	if (answer === undefined || answer instanceof Error) return { ok: false, error: errorOf(answer) };
	return { ok: true, micros, answer };
}

async function claimAcrossSlots(
	request: BudgetedRequest,
	ask: BudgetedAsk,
): Promise<Reply<ClaimAnswer>> {
	// What would not be granted anyway takes no unit, not even for a moment in which others would miss it.
	const probed = await claimAlone({ ...request, grants: 'probed' }, ask);
	if (!isExhausted(probed)) return probed;

	const { identity, limit, windowMs } = request.budget;
	const unit = randomUUID();
	const count = async (change: 'take' | 'give') =>
		await ask.run('budget', [
			...[1, ask.keys.budget(identity), String(ask.offsetMs())],
			...[change, unit, limit, Math.ceil(windowMs)],
		]);
	const waitMs = Number(String((await count('take'))[1]));
	if (waitMs > 0) {
		const refused = await claimAlone({ ...request, grants: 'none' }, ask);
		return isExhausted(refused)
			? { ...refused, answer: { ...refused.answer, retryAfterMs: waitMs } }
			: refused;
	}
	const claimed = await claimAlone(request, ask);
	// After a failure it is not known whether the key was granted: the unit stays taken.
	if (claimed.ok && !isGrant(claimed)) await attemptAsync(async () => await count('give'));
	return claimed;
}

type Answered = Reply<ClaimAnswer> & { readonly ok: true };

function isExhausted(reply: Reply<ClaimAnswer>): reply is Answered & {
	readonly answer: { readonly outcome: 'conflict' };
} {
	return (
		reply.ok && reply.answer.outcome === 'conflict' && reply.answer.reason === 'budget_exhausted'
	);
}

/** The owner who asks again is given the fence of before; that of a grant is not older than the answer. */
function isGrant({ answer, micros }: Answered): boolean {
	return answer.outcome === 'new' && answer.fence >= micros;
}
