import { isGrant } from '../../core/grant';
import type { ClaimAnswer, ClaimRequest, OwnerCommand } from '../../core/record';
import type { Reply } from '../../core/reply';
import { StoreError } from '../../core/reply';
import type { Store } from '../../core/store';
import { askInChunks, microsOf } from './batch';
import { BudgetUnits } from './budget-units';
import { claimBudgeted } from './budgeted-claims';
import { type AskedClaim, claimAnswers, claimArguments } from './claim-script';
import { placesLeftOut, withResult } from './read-script';
import type { RedisCalls } from './redis-calls';
import type { ReplicatedClaims } from './replicated-claims';
import type { ScriptArguments, ScriptName, ScriptReply } from './scripts';

type Run = (name: ScriptName, args: ScriptArguments) => Promise<ScriptReply>;

export interface ClaimAsk {
	readonly calls: RedisCalls;
	/** Reads results that were too many for one answer. */
	readonly read: Store['get'];
}

/** Claims by claim.lua, those with budgets in steps. @param run runs a script, over whichever connection */
export async function claimBy(
	requests: readonly ClaimRequest[],
	{ calls, read }: ClaimAsk,
	run: Run,
): Promise<Array<Reply<ClaimAnswer>>> {
	const replies = await claimScripts(requests, calls, run);
	const places = placesLeftOut(replies);
	if (places.length === 0) return replies;
	const results = await read(places.map((place) => requests[place]?.identity ?? ''));
	for (const [i, place] of places.entries()) {
		replies[place] = withResult(replies[place], results[i]);
	}
	return replies;
}

async function claimScripts(
	requests: readonly ClaimRequest[],
	calls: RedisCalls,
	run: Run,
): Promise<Array<Reply<ClaimAnswer>>> {
	const { keys } = calls;
	const offsetMs = () => calls.offsetMs();
	const errorOf = (error: unknown) => calls.errorOf(error);
	const claim = async (asked: readonly AskedClaim[]) =>
		await askInChunks(asked, {
			run: async (chunk) => await run('claim', claimArguments(keys, chunk, offsetMs())),
			answers: (reply, chunk) => claimAnswers(reply, chunk.items, microsOf(reply), errorOf),
			oneShardEach: calls.isCluster,
			errorOf,
		});
	if (requests.every(({ budget }) => budget === undefined)) return await claim(requests);
	const units = new BudgetUnits(keys, offsetMs, async (args) => await run('budget', args));
	return await claimBudgeted(requests, { claim, units, errorOf });
}

/** The claims as they were answered, and what takes those back that were granted and that too few replicas hold. */
export interface ReplicatedAnswer {
	readonly replies: Array<Reply<ClaimAnswer>>;
	readonly giveBack: readonly OwnerCommand[];
}

/** New claims that too few replicas hold are given back: if the primary were lost, another run would be granted them. */
export async function claimOnReplicas(
	requests: readonly ClaimRequest[],
	minReplicas: number,
	ask: ClaimAsk,
	replicated: ReplicatedClaims,
): Promise<ReplicatedAnswer> {
	let replies: Array<Reply<ClaimAnswer>> = [];
	const { calls } = ask;
	const acknowledged = await replicated.acknowledged(minReplicas, async (over) => {
		replies = await claimBy(
			requests,
			ask,
			async (name, args) =>
				await over(async (connection) => await calls.runOver(connection, name, args, true)),
		);
		return replies.some(isGrant);
	});
	if (typeof acknowledged === 'number' && acknowledged >= minReplicas) {
		return { replies, giveBack: [] };
	}
	const error =
		typeof acknowledged === 'number'
			? new StoreError(
					'not_replicated',
					`${acknowledged} of the ${minReplicas} replicas that must hold a claim acknowledged it to Redis at ${calls.address}.`,
				)
			: calls.errorOf(acknowledged);
	return {
		replies: replies.map((reply) => (isGrant(reply) ? { ok: false, error } : reply)),
		giveBack: requests.flatMap((request, i) => commandToGiveBack(request, replies[i])),
	};
}

function commandToGiveBack(
	{ identity, owner }: ClaimRequest,
	reply: Reply<ClaimAnswer> | undefined,
): OwnerCommand[] {
	if (!isGrant(reply)) return [];
	return [
		{
			type: 'abandon',
			to: 'released',
			identity,
			owner,
			fence: reply.answer.fence,
			ownRun: true,
			retryAfterMs: 0,
			nothingRan: true,
			statusCode: 0,
			reason: 'Too few replicas held it',
		},
	];
}

export const NO_REPLICA_COUNT = new StoreError(
	'configuration',
	'The replicas of a Redis Cluster can not be counted for a claim: use it without a minimum, with "min-replicas-to-write" in the configuration of its nodes.',
);
