import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { OwnerCommand } from '../../lib/core/record';
import { attemptAsync } from '../../lib/core/attempt';
import { replyAt, StoreError } from '../../lib/core/reply';
import type { Complaint } from '../../lib/guard/complaint';
import type { OpenStore } from '../../lib/guard/opened-store';
import { signingKeysOf } from '../../lib/guard/opened-store';
import { Turns } from '../../lib/guard/turns';
import { ResultEncoder } from '../run-end/encode-items';
import { dropPart } from '../run-end/kept-parts';
import type { RunTrace } from '../run-end/run-trace';
import { NO_CLAIM } from '../run-end/tags';
import { traceOf } from '../run-end/trace-of';
import { commandInSlices } from '../../lib/guard/command-with-retries';
import { storeOfClaims } from '../shared/granted-in';
import { asNodeError, complaintOf, nodeError } from '../shared/messages';
import { guardsBefore } from '../shared/node-types';
import { forgetOpenClaim } from '../shared/open-claims';
import { openStore } from '../shared/open-store';
import { itemParametersOf } from '../shared/parameters';
import { isOnlyWatched, patienceWith } from '../shared/watching';
import type { ClaimWithItems } from './claim-with-items';
import { Commands } from './commands';
import type { FoundBy, ItemClaims } from './find-claims';
import { claimsOfItems, unsealClaim } from './find-claims';
import { hintAtParts, hintAtUnclaimed, isHeldForParts, RELEASED_SUCCESS, showHints } from './hints';
import { Judges } from './judges';
import { inputActs, inputTags } from './linked-claims';
import { CommitOutputs } from './outputs';
import { keepOpen } from './parts';
import { invalid, notCompleted, report } from './report-answer';
import { respondToWebhook } from './respond';
import type { CommitSettings } from './commit-settings';
import { readSettings } from './commit-settings';

/** Ends, or renews, the claim behind each item, and passes the items on. */
export async function commitItems(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const items = context.getInputData();
	const out = new CommitOutputs(context, items);
	const isWatched = isOnlyWatched(context);
	try {
		await commit(context, items, out, isWatched);
		if (isWatched) tellOfWatched(context, out.passAll());
	} catch (error) {
		if (isWatched) {
			out.passAll();
			tellOfWatched(context, complaintOf(error).message);
			return out.outputs();
		}
		if (!context.continueOnFail()) throw asNodeError(context, error);
		out.failAll(complaintOf(error));
	}
	return out.outputs();
}

async function commit(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
	out: CommitOutputs,
	isWatched: boolean,
): Promise<void> {
	const parameters = itemParametersOf(context);
	const settings = readSettings(parameters);
	if (typeof settings === 'string') throw nodeError(context.getNode(), invalid(settings));

	const turns = new Turns();
	const walked = await traceOf(context, turns);
	const found = claimsOfItems(context, parameters, walked?.trace ?? null, items.length);
	const tokens = tokensOf(found, out);
	const unclaimed = found.filter((each) => each.ok && each.tokens.length === 0).length;
	if (unclaimed > 0) {
		showHints(context, [hintAtUnclaimed(unclaimed, items.length)]);
	}
	let isKeptOpen = false;
	if (tokens.size > 0) {
		const work = async () => {
			const opened = await openStoreOf(context, settings, tokens);
			const claims = await unsealClaims(context, settings, opened, tokens, walked, out);
			return await settle(context, settings, opened, claims, out, turns);
		};
		const settled = await attemptAsync(
			isWatched ? async () => await patienceWith(context.getNode()).within(work) : work,
		);
		if (settled.ok) {
			isKeptOpen = settled.value;
		} else {
			const { error } = settled;
			if (isWatched) tellOfWatched(context, complaintOf(error).message);
			else if (!(error instanceof StoreError)) throw asNodeError(context, error);
			else throw nodeError(context.getNode(), unsaved(settings, error));
		}
	}
	if (!isKeptOpen && (settings.respond || endsACall(context, settings))) {
		await respondToWebhook(context, items, settings);
	}
}

interface Found {
	readonly foundBy: FoundBy;
	readonly indexes: number[];
}

function tokensOf(found: readonly ItemClaims[], out: CommitOutputs): Map<string, Found> {
	const tokens = new Map<string, Found>();
	for (const [index, each] of found.entries()) {
		if (!each.ok) {
			out.fail(index, each.complaint);
			continue;
		}
		for (const token of each.tokens) {
			const known = tokens.get(token);
			if (known === undefined) tokens.set(token, { foundBy: each.by, indexes: [index] });
			else known.indexes.push(index);
		}
	}
	return tokens;
}

async function openStoreOf(
	context: IExecuteFunctions,
	{ store: kind }: CommitSettings,
	tokens: ReadonlyMap<string, Found>,
): Promise<OpenStore> {
	const known = storeOfClaims(context, tokens.keys());
	return known?.store.kind === kind ? known : await openStore(context, kind);
}

/** Whether the door holds a caller for what this node saves. */
function endsACall(context: IExecuteFunctions, { operation }: CommitSettings): boolean {
	return operation !== 'renew' && guardsBefore(context)[0]?.hasCallerWaiting === true;
}

async function unsealClaims(
	context: IExecuteFunctions,
	settings: CommitSettings,
	opened: OpenStore,
	tokens: ReadonlyMap<string, Found>,
	walked: { readonly trace: RunTrace } | null,
	out: CommitOutputs,
): Promise<ClaimWithItems[]> {
	const signingKeys = await signingKeysOf(opened);
	if (!signingKeys.ok) throw signingKeys.error;
	const workflowId = context.getWorkflow().id;
	const executionId = context.getExecutionId();
	const all = context.getInputData();
	const tags = walked === null ? [] : inputTags(context, walked.trace, all.length);
	const acts = walked === null ? [] : inputActs(context, walked.trace);
	const claims: ClaimWithItems[] = [];
	for (const [token, { foundBy, indexes }] of tokens) {
		const found = unsealClaim(token, signingKeys.answer, settings.store, workflowId);
		if (!found.ok) {
			for (const index of indexes) out.fail(index, found.complaint);
			continue;
		}
		const { claim } = found;
		claims.push({
			claim,
			number: walked?.trace.claimOf(token),
			foundBy,
			indexes,
			items: indexes.flatMap((index) => all[index] ?? []),
			tags: indexes.map((index) => tags[index] ?? NO_CLAIM),
			acts: indexes.map((index) => acts[index]),
			ownRun: claim.remains.executionId === executionId,
		});
	}
	return claims;
}

/** @returns whether a claim stays open, for parts of it that are still to come */
async function settle(
	context: IExecuteFunctions,
	settings: CommitSettings,
	opened: OpenStore,
	claims: readonly ClaimWithItems[],
	out: CommitOutputs,
	turns: Turns,
): Promise<boolean> {
	const hints = new Set<string>();
	const judges = new Judges(context, settings, turns);
	const encoder = new ResultEncoder(context, settings, opened.secret);
	const commands = new Commands(context, settings, encoder, (message) => hints.add(message));
	const keeper = opened.leases;
	const ending: ClaimWithItems[] = [];
	for (const each of claims) {
		if (turns.isOver()) await turns.next();
		if (settings.operation !== 'renew' && (await judges.isElsewhere(each))) {
			keepOpen(context, settings, opened, each);
		} else {
			ending.push(each);
		}
	}
	const commandFor = async (index: number): Promise<OwnerCommand> => {
		const each = ending[index];
		if (each === undefined) throw new RangeError('There is no such claim');
		const { claim, ownRun } = each;
		if (settings.operation === 'renew') return commands.renew(claim, ownRun);
		const end = await judges.endingOf(each);
		if (isHeldForParts(settings, end)) hints.add(hintAtParts(end));
		if (settings.operation === 'release' && (await judges.hasSucceeded(each))) {
			hints.add(RELEASED_SUCCESS);
		}
		return await commands.end(claim, ownRun, end);
	};
	// Where it remembers for longer than the Guard said. What can't be noted now is not worth failing for.
	if (settings.retentionMs !== null) {
		const namings = new Set(ending.map(({ claim }) => claim.naming));
		for (const id of namings) await opened.secretKeeper?.cover(id, settings.retentionMs);
	}
	const replies = await commandInSlices(opened.store, ending.length, commandFor, turns);
	for (const [i, { claim, indexes }] of ending.entries()) {
		if (turns.isOver()) await turns.next();
		const reply = replyAt(replies, i);
		if (!reply.ok) {
			for (const index of indexes) out.fail(index, unsaved(settings, reply.error));
			continue;
		}
		const incomplete = notCompleted(claim, reply.answer);
		if (incomplete !== null) {
			// Its lease ends with the run, which gives it back.
			for (const index of indexes) out.fail(index, incomplete);
			continue;
		}
		if (settings.operation !== 'renew') {
			forgetOpenClaim(context, claim.identity);
			dropPart(context, claim.identity);
			keeper.drop({ ...claim, ownRun: true });
		}
		report((message) => hints.add(message), out, claim, indexes, reply.answer);
	}
	showHints(context, hints);
	return ending.length < claims.length;
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

/** Of claims that are only watched: every item goes on as it came, whatever was wrong. */
function tellOfWatched(context: IExecuteFunctions, problem: string | null): void {
	if (problem !== null) {
		showHints(context, [`Observe Only: the run went on, although: ${problem}`]);
	}
}
