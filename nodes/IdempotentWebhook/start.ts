import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { SealedClaim } from '../../lib/keys/claim-token';
import { looksLikeToken, unsealToken, sealToken } from '../../lib/keys/claim-token';
import { attemptAsync } from '../../lib/core/attempt';
import type { OwnerCommand } from '../../lib/core/record';
import { replyAt } from '../../lib/core/reply';
import type { GrantedClaim } from '../../lib/guard/claim-items';
import { leaseOf } from '../../lib/guard/claim-settings';
import { commandWithRetries } from '../../lib/guard/command-with-retries';
import type { OpenStore, SigningKeys } from '../../lib/guard/opened-store';
import { signingKeysOf } from '../../lib/guard/opened-store';
import { answerWithLastNode } from './answer-with-last-node';
import { giveDoorHints } from './door-hints';
import { HeldClaims } from '../run-end/hold-claims';
import type { GuardSettings } from '../shared/guard-settings';
import { readSettings } from '../shared/guard-settings';
import { canHearExecutionEnd, refuseInventedItems } from '../shared/engine';
import { asNodeError, complaintOf, nodeError } from '../shared/messages';
import { rememberOpenClaims } from '../shared/open-claims';
import { openStore } from '../shared/open-store';
import { itemParametersOf } from '../shared/parameters';
import { patienceWith } from '../shared/watching';

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
	} finally {
		// After what settles the claims: a duplicate that comes right after the answer gets the result.
		answerWithLastNode(context);
	}
}

async function startItems(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const settings = readSettings(context, itemParametersOf(context));
	const items = context.getInputData();
	giveDoorHints(context, settings, items);
	const isClaimed = ({ json }: INodeExecutionData) =>
		looksLikeToken((json[settings.outputField] as IDataObject | undefined)?.token);
	if (!items.some(isClaimed)) return items;
	if (settings.observes) return await startWatched(context, settings, items);
	const started = await startClaimed(context, settings, items);
	return started.flatMap((item) => item ?? []);
}

/** Claims that are only watched: an item whose claim can't be taken over goes on without it. */
async function startWatched(
	context: IExecuteFunctions,
	settings: GuardSettings,
	items: readonly INodeExecutionData[],
): Promise<INodeExecutionData[]> {
	const patience = patienceWith(context.getNode());
	const started = await attemptAsync(
		async () => await patience.within(async () => await startClaimed(context, settings, items)),
	);
	if (!started.ok) {
		const { message } = complaintOf(started.error);
		context.addExecutionHints({ message, location: 'outputPane', type: 'info' });
	}
	const { outputField } = settings;
	return items.map((item, index) => {
		const claimed = started.ok ? started.value[index] : null;
		if (claimed) return claimed;
		const details: IDataObject = { ...(item.json[outputField] as IDataObject | undefined) };
		delete details.token;
		return { ...item, json: { ...item.json, [outputField]: details }, pairedItem: { item: index } };
	});
}

/** The items as they go on; null for one whose claim was lost. */
async function startClaimed(
	context: IExecuteFunctions,
	settings: GuardSettings,
	items: readonly INodeExecutionData[],
): Promise<Array<INodeExecutionData | null>> {
	const detailsOf = ({ json }: INodeExecutionData) =>
		json[settings.outputField] as IDataObject | undefined;
	const isClaimed = (item: INodeExecutionData) => looksLikeToken(detailsOf(item)?.token);
	const opened = await openStore(context, settings.store);
	const signingKeys = await signingKeysOf(opened);
	if (!signingKeys.ok) throw signingKeys.error;
	const claims = items.map((item, index): SealedClaim | null => {
		if (!isClaimed(item)) return null;
		const found = unsealToken(String(detailsOf(item)?.token), signingKeys.answer);
		if (!found.ok) throw nodeError(context.getNode(), FROM_ELSEWHERE, index);
		if (found.claim.remains.workflowId === settings.workflowId) return found.claim;
		throw nodeError(context.getNode(), FOREIGN, index);
	});
	const tokens = await begin(context, settings, opened, claims, signingKeys.answer);
	return items.map((item, index) => {
		const token = tokens[index];
		if (claims[index] === null) return item;
		if (token === undefined || token === null) return null;
		const details = { ...detailsOf(item), token };
		return {
			...item,
			json: { ...item.json, [settings.outputField]: details },
			pairedItem: { item: index },
		};
	});
}

/**
 * Takes the claims over for this execution, and holds them.
 *
 * @returns the token of each as this execution's own; null where there is no claim, or it was lost meanwhile: of several events, the
 * others go on
 */
async function begin(
	context: IExecuteFunctions,
	settings: GuardSettings,
	opened: OpenStore,
	claims: ReadonlyArray<SealedClaim | null>,
	[signingKey]: SigningKeys,
): Promise<Array<string | null>> {
	const executionId = context.getExecutionId();
	const present = claims.filter((claim) => claim !== null);
	const replies = await commandWithRetries(
		opened.store,
		present.map(({ identity, owner, fence, remains }): OwnerCommand => {
			const leaseMs = leaseOf(canHearExecutionEnd(context), remains.claimTimeoutMs);
			const { workflowId } = remains;
			return {
				type: 'start',
				identity,
				owner,
				fence,
				ownRun: true,
				leaseMs,
				workflowId,
				executionId,
			};
		}),
	);
	const granted: GrantedClaim[] = [];
	let failure: Error | null = null;
	const tokens = present.map((claim, at): string | null => {
		const reply = replyAt(replies, at);
		if (!reply.ok || reply.answer.outcome !== 'done') {
			failure ??= reply.ok ? nodeError(context.getNode(), LOST) : reply.error;
			return null;
		}
		const { identity, owner, fence, remains } = claim;
		const { tenant, claimTimeoutMs } = remains;
		const token = sealToken({ ...claim, remains: { ...remains, executionId } }, signingKey);
		granted.push({ identity, owner, fence, ownRun: true, token, tenant, claimTimeoutMs });
		return token;
	});
	if (failure !== null && granted.length === 0) throw failure as Error;
	if (failure !== null) {
		const lost = present.length - granted.length;
		const message = `${lost} of ${present.length} events were left out: ${(failure as Error).message}`;
		context.addExecutionHints({ message, location: 'outputPane', type: 'danger' });
	}
	const held = new HeldClaims(context, opened, settings);
	await held.hold(granted);
	rememberOpenClaims(context, held.granted);
	held.handOver();
	const ofPresent = new Map(present.map((claim, at) => [claim, tokens[at] ?? null]));
	return claims.map((claim) => (claim === null ? null : (ofPresent.get(claim) ?? null)));
}

const FOREIGN = {
	message: 'The claim token of this request was not made by this workflow',
	description:
		'Nothing was done. Listen for a test event, or send the request to the webhook, instead of making up its input.',
};

const FROM_ELSEWHERE = {
	message: 'The claim token of this request is not from this store',
	description:
		'Nothing was done. It was made up, or the credential of the store was changed while the request waited for its run, or the store has lost its data since. The next delivery of the request is handled.',
};

const LOST = {
	message:
		'This request waited for longer than "Time: Claim Timeout", or another run has taken it over',
	description:
		'Nothing was done by this execution. If n8n is slow to start executions, choose a longer "Time: Claim Timeout".',
};
