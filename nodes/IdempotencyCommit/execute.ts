import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { SealedClaim } from '../../lib/keys/claim-token';
import { leaseKeeperOf } from '../../lib/guard/lease-keeper';
import type { OwnerAnswer, OwnerCommand } from '../../lib/core/record';
import type { EncodedResult } from '../../lib/results/result-codec';
import { replyAt, StoreError } from '../../lib/core/reply';
import { commandWithRetries } from '../shared/command-with-retries';
import { storeOfClaims } from '../shared/granted-in';
import type { Complaint } from '../../lib/guard/complaint';
import { asNodeError, complaintOf, nodeError } from '../shared/messages';
import { guardsBefore } from '../shared/node-types';
import { forgetOpenClaim } from '../shared/open-claims';
import type { OpenStore } from '../../lib/guard/opened-store';
import { signingKeysOf } from '../../lib/guard/opened-store';
import { openStore } from '../shared/open-store';
import { itemParametersOf } from '../shared/parameters';
import type { PathBehind } from './evidence';
import { outcomeOf, pathBehind } from './evidence';
import { claimsOfItems, openClaim } from './find-claims';
import { CommitOutputs } from './outputs';
import { respondToWebhook } from './respond';
import { encodeItems } from './result';
import type { CommitSettings } from './settings';
import { readSettings } from './settings';

/** A claim with the items that are its result. */
interface ClaimWithItems {
	readonly claim: SealedClaim;
	readonly indexes: readonly number[];
}

/** Ends, or renews, the claim behind each item, and passes the items on. */
export async function commitItems(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const items = context.getInputData();
	const out = new CommitOutputs(context, items);
	try {
		await commit(context, items, out);
	} catch (error) {
		if (!context.continueOnFail()) throw asNodeError(context, error);
		out.failAll(complaintOf(error));
	}
	return out.outputs();
}

async function commit(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
	out: CommitOutputs,
): Promise<void> {
	const parameters = itemParametersOf(context);
	const settings = readSettings(parameters);
	if (typeof settings === 'string') throw nodeError(context.getNode(), invalid(settings));

	const tokens = new Map<string, number[]>();
	let unclaimed = 0;
	for (const [index, found] of claimsOfItems(context, parameters, items.length).entries()) {
		if (!found.ok) {
			out.fail(index, found.complaint);
			continue;
		}
		if (found.tokens.length === 0) unclaimed++;
		for (const token of found.tokens) {
			const indexes = tokens.get(token);
			if (indexes === undefined) tokens.set(token, [index]);
			else indexes.push(index);
		}
	}
	if (unclaimed > 0) {
		hint(
			context,
			`${unclaimed} of ${items.length} items came here without a claim (a duplicate, or an item that went on unprotected). They pass unchanged; nothing was saved for them.`,
		);
	}
	if (tokens.size > 0) {
		try {
			const opened = await openStoreOf(context, settings, tokens);
			const claims = await openClaims(context, settings, opened, tokens, out);
			await settle(context, settings, opened, claims, out);
		} catch (error) {
			if (!(error instanceof StoreError)) throw asNodeError(context, error);
			throw nodeError(context.getNode(), unsaved(settings, error));
		}
	}
	if (settings.respond || endsACall(context, settings)) {
		await respondToWebhook(context, items, settings);
	}
}

async function openStoreOf(
	context: IExecuteFunctions,
	{ store: kind }: CommitSettings,
	tokens: ReadonlyMap<string, unknown>,
): Promise<OpenStore> {
	const known = storeOfClaims(context, tokens.keys());
	return known?.store.kind === kind ? known : await openStore(context, kind);
}

/** Whether the door holds a caller for what this node saves. */
function endsACall(context: IExecuteFunctions, { operation }: CommitSettings): boolean {
	return operation !== 'renew' && guardsBefore(context)[0]?.hasCallerWaiting === true;
}

async function openClaims(
	context: IExecuteFunctions,
	settings: CommitSettings,
	opened: OpenStore,
	tokens: ReadonlyMap<string, number[]>,
	out: CommitOutputs,
): Promise<ClaimWithItems[]> {
	const signingKeys = await signingKeysOf(opened);
	if (!signingKeys.ok) throw signingKeys.error;
	const workflowId = context.getWorkflow().id;
	const claims: ClaimWithItems[] = [];
	for (const [token, indexes] of tokens) {
		const found = openClaim(token, signingKeys.answer, settings.store, workflowId);
		if (found.ok) claims.push({ claim: found.claim, indexes });
		else for (const index of indexes) out.fail(index, found.complaint);
	}
	return claims;
}

async function settle(
	context: IExecuteFunctions,
	settings: CommitSettings,
	opened: OpenStore,
	claims: readonly ClaimWithItems[],
	out: CommitOutputs,
): Promise<void> {
	const path = pathBehind(context);
	const commands: OwnerCommand[] = [];
	for (const each of claims) {
		commands.push(await commandFor(context, settings, opened.secret, path, each));
	}
	const replies = await commandWithRetries(opened.store, commands);
	for (const [i, { claim, indexes }] of claims.entries()) {
		const reply = replyAt(replies, i);
		if (!reply.ok) {
			for (const index of indexes) out.fail(index, unsaved(settings, reply.error));
			continue;
		}
		if (settings.operation !== 'renew') {
			forgetOpenClaim(context, claim.identity);
			leaseKeeperOf(opened.store).drop({ ...claim, ownRun: true });
		}
		report(context, out, claim, indexes, reply.answer);
	}
}

async function commandFor(
	context: IExecuteFunctions,
	settings: CommitSettings,
	secret: string,
	path: PathBehind,
	{ claim, indexes }: ClaimWithItems,
): Promise<OwnerCommand> {
	const ownRun = claim.remains.executionId === context.getExecutionId();
	const owned = {
		identity: claim.identity,
		owner: claim.owner,
		fence: claim.fence,
		ownRun,
	};
	if (settings.operation === 'renew') {
		return { ...owned, type: 'renew', leaseMs: claim.remains.claimTimeoutMs };
	}
	if (settings.operation === 'release') {
		const reason = 'Released by Idempotency Commit';
		return { ...owned, type: 'release', retryAfterMs: 0, statusCode: 0, reason };
	}
	const ending = endingOf(context, settings, path, indexes, ownRun);
	const { reason, statusCode } = ending;
	switch (ending.to) {
		case 'unknown':
			return { ...owned, type: 'park', statusCode, reason };
		case 'released':
			return { ...owned, type: 'release', retryAfterMs: ending.retryAfterMs, statusCode, reason };
		default: {
			const encoded = await encodeItems(context, indexes, settings, claim, secret);
			return {
				...owned,
				type: 'finish',
				to: ending.to,
				result: encoded.bytes,
				statusCode,
				reason: withoutResult(context, encoded) ?? reason,
				retentionMs: retentionOf(context, settings, claim),
				remains: claim.remains,
			};
		}
	}
}

/** In a run from the editor Commit can only shorten what Guard says: a test run must not block for longer. */
function retentionOf(
	context: IExecuteFunctions,
	settings: CommitSettings,
	claim: SealedClaim,
): number {
	const asked = settings.retentionMs ?? claim.remains.retentionMs;
	return context.getMode() === 'manual' ? Math.min(asked, claim.remains.retentionMs) : asked;
}

interface Ending {
	readonly to: 'completed' | 'failed' | 'released' | 'unknown';
	readonly statusCode: number;
	/** Null: the store's backoff. */
	readonly retryAfterMs: number | null;
	readonly reason: string;
}

function endingOf(
	context: IExecuteFunctions,
	settings: CommitSettings,
	path: PathBehind,
	indexes: readonly number[],
	ownRun: boolean,
): Ending {
	if (settings.operation === 'fail' || settings.outcome === 'completed') {
		const to = settings.operation === 'fail' ? 'failed' : 'completed';
		return { to, statusCode: 0, retryAfterMs: null, reason: '' };
	}
	const items = context.getInputData();
	const own = indexes.flatMap((index) => items[index] ?? []);
	const detected = outcomeOf(own, path, settings, !ownRun);
	return {
		to: detected.outcome,
		statusCode: detected.statusCode ?? 0,
		retryAfterMs: detected.retryAfterMs ?? null,
		reason: detected.reason,
	};
}

function withoutResult(context: IExecuteFunctions, encoded: EncodedResult): string | null {
	if (encoded.stored || encoded.reason === 'not_kept') return null;
	const why =
		encoded.reason === 'too_large'
			? `The result is larger than the limit of ${Math.round(encoded.limit / 1024)} KB`
			: 'The result could not be written as JSON, or a file of it could not be read';
	hint(
		context,
		`${why}, so it is not kept. The request still counts as handled: a duplicate gets its own item, with details.`,
	);
	return `${why} and was not kept`;
}

function report(
	context: IExecuteFunctions,
	out: CommitOutputs,
	claim: SealedClaim,
	indexes: readonly number[],
	answer: OwnerAnswer,
): void {
	const owner = ownerOf(claim.remains);
	switch (answer.outcome) {
		case 'done':
			if (answer.recovered) {
				hint(
					context,
					'The result was saved although Idempotency Guard did not run in this execution (a retried run, or a record that was gone).',
				);
			}
			break;
		case 'kept':
			hint(
				context,
				`The claim was already ${answer.state}, and stays so: nothing was changed. A request keeps its first result.`,
			);
			break;
		case 'superseded':
			out.supersede(indexes, {
				reason: answer.reason,
				owner,
				currentOwner: ownerOf(answer.current),
				fence: answer.current.fence,
			});
			break;
		case 'lost':
			out.supersede(indexes, {
				reason: 'lease_lost',
				state: answer.state,
				owner,
				currentOwner: null,
				fence: claim.fence,
			});
			break;
		case 'refused':
			for (const index of indexes) {
				out.fail(index, invalid('The claim was never granted, so nothing was changed'));
			}
	}
}

function ownerOf({
	workflowId,
	executionId,
}: {
	workflowId: string;
	executionId: string;
}): IDataObject {
	return { workflowId, executionId };
}

const WHAT_FAILED: Readonly<Record<CommitSettings['operation'], string>> = {
	save: 'The request was handled, but its result could not be saved',
	fail: 'The request was handled, but its result could not be saved',
	release: 'The claim could not be released',
	renew: 'The claim could not be renewed',
};

function unsaved({ operation }: CommitSettings, error: StoreError): Complaint {
	const { message, description, cause } = complaintOf(error);
	return {
		message: `${WHAT_FAILED[operation]}: ${message}`,
		description: `${description} Then run this node again ("Retry" in the list of executions): until then, duplicates are held back.`,
		cause,
	};
}

function invalid(message: string): Complaint {
	return { message, description: 'Correct the parameter in Idempotency Commit.' };
}

function hint(context: IExecuteFunctions, message: string): void {
	context.addExecutionHints({ message, location: 'outputPane', type: 'info' });
}
