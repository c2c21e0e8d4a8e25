import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { StoreError } from '../../lib/core/reply';
import { answerOf } from '../../lib/guard/answer';
import type { Claimed } from '../../lib/guard/claim-items';
import { claimItems, grantedClaims } from '../../lib/guard/claim-items';
import { countUnclaimed } from '../../lib/guard/count-answers';
import type { OpenStore } from '../../lib/guard/opened-store';
import type { ClaimableItem, Prepared } from '../../lib/guard/prepare';
import { missingKeyRefusal, refusalDetails, signatureRefusal } from '../../lib/guard/refusal';
import type { Alike } from '../../lib/guard/same-content';
import { mayContinueUnprotected } from '../../lib/guard/unprotected';
import { waitForResults } from '../../lib/guard/wait-for-result';
import { duplicateMessage } from '../../lib/guard/words';
import { HeldClaims } from '../run-end/hold-claims';
import { refuseInventedItems } from '../shared/engine';
import type { GuardSettings } from '../shared/guard-settings';
import { readSettings } from '../shared/guard-settings';
import { asNodeError, complaintOf } from '../shared/messages';
import { rememberOpenClaims } from '../shared/open-claims';
import { openStore } from '../shared/open-store';
import { itemParametersOf } from '../shared/parameters';
import { onlyObserves, sqlTokenWithoutClaim } from '../shared/watching';
import { throwForFirstBrokenItem } from './broken-items';
import { giveHints } from './hints';
import type { Incoming } from './incoming';
import { keylessAmongOthers } from './incoming';
import { judge } from './judge';
import { observeItems } from './observe';
import { GuardOutputs, OUTPUT, looksLikeErrorItem } from './outputs';
import { incomingOf } from './read-input';
import { slowDown } from './slow-refusals';
import { waitingRun } from './waiting-run';
import { checkWorkflow } from './workflow-checks';

/**
 * Claims each item's key and sends the item to the output that fits the answer. Under "Continue" nothing is thrown: n8n would send all
 * items to New.
 */
export async function guardItems(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	refuseInventedItems(context);
	const items = context.getInputData();
	const out = new GuardOutputs(context, items);
	if (onlyObserves(context.getNode())) {
		await observeItems(context, items, out);
		return out.outputs;
	}
	try {
		await guard(context, items, out);
	} catch (error) {
		if (!context.continueOnFail()) throw asNodeError(context, error);
		out.failAll(complaintOf(error));
	}
	return out.outputs;
}

async function guard(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
	out: GuardOutputs,
): Promise<void> {
	const parameters = itemParametersOf(context);
	const settings = readSettings(context, parameters);
	checkWorkflow(context, settings);
	const incoming = await incomingOf(context, parameters, items);
	out.take(incoming);
	if (settings.skip) {
		const token = sqlTokenWithoutClaim(context.getNode());
		for (const [index, { refused }] of incoming.entries()) {
			if (refused === null) {
				out.pass(OUTPUT.new, index, settings.outputField, { outcome: 'skipped', ...token });
			} else {
				routeRefused(out, settings, index);
			}
		}
		return;
	}

	const opened = await tryOpen(context, settings);
	const secrets = opened instanceof StoreError ? NO_SECRETS : opened;
	const judged = await judge(context, settings, parameters, incoming, secrets);
	// Before the run can stop for one of them.
	if (!(opened instanceof StoreError)) countWithoutClaim(context, settings, opened, judged);
	const keyless = settings.onMissingKey === 'error' ? keylessAmongOthers(incoming, judged) : NONE;
	if (!context.continueOnFail()) {
		const checked = judged.map((each, index) => (keyless.has(index) ? null : each));
		throwForFirstBrokenItem(context, settings, checked, incoming);
	}
	const prepared = judged.filter((each) => each !== null);

	const claimable = prepared.filter((each) => each.kind === 'claim');
	const held = opened instanceof StoreError ? null : new HeldClaims(context, opened, settings);
	const route: Routing = {
		context,
		settings,
		opened,
		out,
		incoming,
		held,
		keyless,
		unprotected: [],
		refusedBefore: null,
		alike: [],
		unlooked: null,
		overBudget: [],
	};
	let claimed = await claimItems(opened, settings, claimable);
	try {
		if (!(opened instanceof StoreError) && held !== null) {
			await held.hold(grantedClaims(claimed));
			const host = waitingRun(context, settings.workflowId, held);
			claimed = await waitForResults(host, opened, settings, claimable, claimed);
		}
		const answers = claimed.values();
		for (const [index, each] of judged.entries()) {
			if (each === null) routeRefused(out, settings, index);
			else if (each.kind === 'claim') routeClaimed(route, index, each, answers.next().value);
			else routeUnclaimed(route, index, each);
		}
	} catch (error) {
		await held?.giveBack('Idempotency Guard stopped before anything ran');
		throw asNodeError(context, error);
	}
	rememberOpenClaims(context, held?.granted ?? []);
	giveHints(context, {
		settings,
		prepared,
		unprotected: route.unprotected,
		refusedSignatures: incoming.flatMap(({ origin, refused }) =>
			refused === null ? [] : [{ index: origin, why: refused }],
		),
		keyless: keyless.size,
		granted: held?.granted.length ?? 0,
		refusedBefore: route.refusedBefore,
		alike: route.alike,
		unlooked: route.unlooked,
	});
	held?.handOver();
	await slowDown(context, route.overBudget, judged.length);
}

const NONE: ReadonlySet<number> = new Set();
const NO_SECRETS = { secret: '', previousSecret: '' };

function countWithoutClaim(
	context: IExecuteFunctions,
	{ scope }: GuardSettings,
	{ store }: OpenStore,
	judged: ReadonlyArray<Prepared | null>,
): void {
	const place = { namespace: scope.namespace, executionId: context.getExecutionId() };
	for (const each of judged) {
		if (each === null) countUnclaimed(store, place, 'signature_refused');
		else if (each.kind === 'missing') countUnclaimed(store, place, 'missing_key');
	}
}

function routeRefused(out: GuardOutputs, { outputField }: GuardSettings, index: number): void {
	out.pass(OUTPUT.conflict, index, outputField, {
		outcome: 'conflict',
		...refusalDetails(signatureRefusal()),
	});
}

interface Routing {
	readonly context: IExecuteFunctions;
	readonly settings: GuardSettings;
	readonly opened: OpenStore | StoreError;
	readonly out: GuardOutputs;
	readonly incoming: readonly Incoming[];
	/** Null where the store could not be opened. */
	readonly held: HeldClaims | null;
	/** Places of events that are refused alone for want of a key. */
	readonly keyless: ReadonlySet<number>;
	readonly unprotected: Array<{ index: number; message: string }>;
	/** Status of a stored refusal that went out on Duplicate. */
	refusedBefore: number | null;
	/** Came before new items with the same content. */
	readonly alike: Array<{ index: number; first: Alike }>;
	/** Why it can't be told whether one did. */
	unlooked: StoreError | null;
	/** The budgets of the requests that were refused for it. */
	readonly overBudget: string[];
}

function routeUnclaimed(
	route: Routing,
	index: number,
	prepared: Exclude<Prepared, ClaimableItem>,
): void {
	const { settings, out } = route;
	if (prepared.kind === 'error') {
		out.fail(index, complaintOf(prepared.error));
		return;
	}
	const { message } = prepared.missing;
	const { onMissingKey } = settings;
	if (onMissingKey === 'continueUnprotected') {
		passUnprotected(route, index, message);
	} else if (onMissingKey === 'conflict' || route.keyless.has(index)) {
		const refusal = refusalDetails(missingKeyRefusal(message));
		out.pass(OUTPUT.conflict, index, settings.outputField, { outcome: 'conflict', ...refusal });
	} else {
		out.fail(index, prepared.missing);
	}
}

function routeClaimed(
	route: Routing,
	index: number,
	item: ClaimableItem,
	claimed: Claimed | undefined,
): void {
	const { context, settings, opened, out, held } = route;
	if (claimed === undefined) throw new TypeError('Every request has an answer');
	if (opened instanceof StoreError) {
		routeStoreError(route, index, opened);
		return;
	}
	const isHeldHere = (identity: string) => held?.has(identity) === true;
	const answer = answerOf(claimed, item, settings, opened, isHeldHere);
	switch (answer.kind) {
		case 'failed':
			routeStoreError(route, index, answer.error);
			break;
		case 'new':
			if (claimed.ok && claimed.alike) route.alike.push({ index, first: claimed.alike });
			if (claimed.ok) route.unlooked ??= claimed.unlooked ?? null;
			out.pass(OUTPUT.new, index, settings.outputField, answer.details);
			break;
		case 'duplicate': {
			const { details, record, replay } = answer;
			if (record.statusCode >= 400) route.refusedBefore = record.statusCode;
			if (replay.kind === 'unreadable') {
				out.fail(index, replay.complaint);
			} else if (replay.kind === 'details') {
				out.pass(OUTPUT.duplicate, index, settings.outputField, replay.details);
			} else {
				const ours = { ...details(), message: duplicateMessage(record) };
				const stored = replay.items as readonly INodeExecutionData[];
				out.replay(
					index,
					stored.map((each) =>
						settings.detailsOnDuplicates || (context.continueOnFail() && looksLikeErrorItem(each))
							? { ...each, json: { ...each.json, [settings.outputField]: ours } }
							: each,
					),
				);
			}
			break;
		}
		case 'conflict':
			if (answer.refusal.reason === 'budget_exhausted') {
				route.overBudget.push(item.request.budget?.identity ?? '');
			}
			out.pass(OUTPUT.conflict, index, settings.outputField, {
				...answer.details,
				...refusalDetails(answer.refusal),
			});
	}
}

function routeStoreError(route: Routing, index: number, error: StoreError): void {
	if (route.settings.onStoreError === 'continueUnprotected' && mayContinueUnprotected(error)) {
		passUnprotected(route, index, error.message);
	} else {
		route.out.fail(index, complaintOf(error));
	}
}

function passUnprotected(
	{ settings, out, incoming, unprotected }: Routing,
	index: number,
	message: string,
): void {
	out.pass(OUTPUT.new, index, settings.outputField, { outcome: 'unprotected', message });
	unprotected.push({ index: incoming[index]?.origin ?? index, message });
}

async function tryOpen(
	context: IExecuteFunctions,
	settings: GuardSettings,
): Promise<OpenStore | StoreError> {
	try {
		return await openStore(context, settings.store);
	} catch (error) {
		if (error instanceof StoreError) return error;
		throw asNodeError(context, error);
	}
}
