import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { SealedClaim } from '../../lib/keys/claim-token';
import { looksLikeToken, openToken, sealToken } from '../../lib/keys/claim-token';
import { replyAt } from '../../lib/core/reply';
import { leaseOf } from '../../lib/guard/claim-settings';
import type { OpenStore, SigningKeys } from '../../lib/guard/opened-store';
import { signingKeysOf } from '../../lib/guard/opened-store';
import { HeldClaims } from '../run-end/hold-claims';
import type { GuardSettings } from '../shared/guard-settings';
import { readSettings } from '../shared/guard-settings';
import { canHearExecutionEnd, refuseInventedItems } from '../shared/engine';
import { asNodeError, complaintOf, nodeError } from '../shared/messages';
import { rememberOpenClaims } from '../shared/open-claims';
import { openStore } from '../shared/open-store';
import { itemParametersOf } from '../shared/parameters';

/**
 * The execution that the door has started begins here, maybe on another worker. Its claim is no longer pending, and is held from here on
 * like one of a Guard. If the claim was lost meanwhile, the run ends before anything acts.
 */
export async function startRun(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	refuseInventedItems(context);
	try {
		return [await startItems(context)];
	} catch (error) {
		if (!context.continueOnFail()) throw asNodeError(context, error);
		// Do not throw under "Continue": n8n would send the request on unchecked.
		const { message } = complaintOf(error);
		context.addExecutionHints({ message, location: 'outputPane', type: 'danger' });
		return [[]];
	}
}

async function startItems(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const settings = readSettings(context, itemParametersOf(context));
	const started: INodeExecutionData[] = [];
	for (const [index, item] of context.getInputData().entries()) {
		const details = item.json[settings.outputField] as IDataObject | undefined;
		const isClaimed = looksLikeToken(details?.token);
		started.push(
			isClaimed ? await startClaim(context, settings, item, String(details?.token), index) : item,
		);
	}
	return started;
}

async function startClaim(
	context: IExecuteFunctions,
	settings: GuardSettings,
	item: INodeExecutionData,
	token: string,
	index: number,
): Promise<INodeExecutionData> {
	const opened = await openStore(context, settings.store);
	const signingKeys = await signingKeysOf(opened);
	if (!signingKeys.ok) throw signingKeys.error;
	const found = openToken(token, signingKeys.answer);
	if (!found.ok || found.claim.remains.workflowId !== settings.workflowId) {
		throw nodeError(context.getNode(), FOREIGN, index);
	}
	const resealed = await begin(context, opened, found.claim, signingKeys.answer);
	const held = new HeldClaims(context, opened, settings);
	const { identity, owner, fence, remains } = found.claim;
	const { tenant, claimTimeoutMs } = remains;
	await held.hold([
		{ identity, owner, fence, ownRun: true, token: resealed, tenant, claimTimeoutMs },
	]);
	rememberOpenClaims(context, held.granted);
	held.handOver();
	const details = item.json[settings.outputField] as IDataObject;
	return {
		...item,
		json: { ...item.json, [settings.outputField]: { ...details, token: resealed } },
	};
}

/** @returns the token of the claim as this execution's own */
async function begin(
	context: IExecuteFunctions,
	{ store }: OpenStore,
	claim: SealedClaim,
	[signingKey]: SigningKeys,
): Promise<string> {
	const { identity, owner, fence, remains } = claim;
	const run = { workflowId: remains.workflowId, executionId: context.getExecutionId() };
	const leaseMs = leaseOf(canHearExecutionEnd(context), remains.claimTimeoutMs);
	const owned = { identity, owner, fence, ownRun: true };
	const reply = replyAt(await store.command([{ ...owned, type: 'start', leaseMs, ...run }]), 0);
	if (!reply.ok) throw reply.error;
	if (reply.answer.outcome !== 'done') throw nodeError(context.getNode(), LOST);
	return sealToken({ ...claim, remains: { ...remains, ...run } }, signingKey);
}

const FOREIGN = {
	message: 'The claim token of this request was not made by this workflow',
	description:
		'Nothing was done. Listen for a test event, or send the request to the webhook, instead of making up its input.',
};

const LOST = {
	message:
		'This request waited for longer than "Time: Claim Timeout", or another run has taken it over',
	description:
		'Nothing was done by this execution. If n8n is slow to start executions, choose a longer "Time: Claim Timeout".',
};
