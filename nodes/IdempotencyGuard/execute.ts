import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { StoreError } from '../../lib/core/reply';
import { refuseInventedItems } from '../shared/engine';
import type { Complaint } from '../shared/messages';
import { asNodeError, complaintOf, mayContinueUnprotected, nodeError } from '../shared/messages';
import { rememberOpenClaims } from '../shared/open-claims';
import type { OpenStore } from '../shared/open-store';
import { openStore, secretsOf } from '../shared/open-store';
import { itemParametersOf } from '../shared/parameters';
import { executionHost } from '../shared/claim-host';
import type { Claimed } from './claim-items';
import { claimItems, grantedClaims } from './claim-items';
import { answerDetails, missingKeyRefusal, refusalDetails, refusalOf } from './details';
import { giveHints } from './hints';
import { HeldClaims } from '../run-end/hold-claims';
import { GuardOutputs, OUTPUT } from './outputs';
import type { ClaimableItem, Prepared } from './prepare';
import { prepareItems } from './prepare';
import { looksLikeErrorItem, replayOf } from './replay';
import type { GuardSettings } from '../shared/guard-settings';
import { readSettings } from '../shared/guard-settings';
import { waitForResults, waitingRun } from './wait-for-result';
import { duplicateMessage } from './words';

/**
 * Claims each item's key and sends the item where the answer says. Under "Continue" no error leaves as an exception: n8n would
 * send all items to New.
 */
export async function guardItems(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	refuseInventedItems(context);
	const items = context.getInputData();
	const out = new GuardOutputs(context, items);
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
	if (settings.skip) {
		for (const index of items.keys()) {
			out.pass(OUTPUT.new, index, settings.outputField, { outcome: 'skipped' });
		}
		return;
	}

	const opened = await tryOpen(context, settings);
	const secrets = opened instanceof StoreError ? NO_SECRETS : opened;
	const prepared = await prepareItems(executionHost(context), parameters, settings, secrets, items);
	if (!context.continueOnFail()) throwForFirstBrokenItem(context, settings, prepared);

	const claimable = prepared.filter((each) => each.kind === 'claim');
	const held = opened instanceof StoreError ? null : new HeldClaims(context, opened, settings);
	const route: Routing = {
		context,
		settings,
		opened,
		out,
		held,
		unprotected: [],
	};
	let claimed = await claimItems(opened, settings, claimable);
	try {
		if (!(opened instanceof StoreError) && held !== null) {
			await held.hold(grantedClaims(claimed));
			const host = waitingRun(context, settings.workflowId, held);
			claimed = await waitForResults(host, opened, settings, claimable, claimed);
		}
		const answers = claimed.values();
		for (const [index, each] of prepared.entries()) {
			if (each.kind === 'claim') routeClaimed(route, index, each, answers.next().value);
			else routeUnclaimed(route, index, each);
		}
	} catch (error) {
		await held?.giveBack('Idempotency Guard stopped before anything ran');
		throw asNodeError(context, error);
	}
	rememberOpenClaims(context, held?.granted ?? []);
	giveHints(context, prepared, route.unprotected);
	held?.handOver();
}

const NO_SECRETS = { secret: '', previousSecret: '' };

interface Routing {
	readonly context: IExecuteFunctions;
	readonly settings: GuardSettings;
	readonly opened: OpenStore | StoreError;
	readonly out: GuardOutputs;
	/** Null where the store could not be opened. */
	readonly held: HeldClaims | null;
	readonly unprotected: Array<{ index: number; message: string }>;
}

function routeUnclaimed(
	route: Routing,
	index: number,
	prepared: Exclude<Prepared, ClaimableItem>,
): void {
	const { settings, out } = route;
	if (prepared.kind === 'error') {
		out.fail(index, prepared.complaint);
		return;
	}
	switch (settings.onMissingKey) {
		case 'error':
			out.fail(index, prepared.missing);
			break;
		case 'conflict':
			out.pass(OUTPUT.conflict, index, settings.outputField, {
				outcome: 'conflict',
				...refusalDetails(missingKeyRefusal(prepared.missing.message)),
			});
			break;
		case 'continueUnprotected':
			passUnprotected(route, index, prepared.missing.message);
	}
}

function routeClaimed(
	route: Routing,
	index: number,
	item: ClaimableItem,
	claimed: Claimed | undefined,
): void {
	const { settings, opened, out } = route;
	if (claimed === undefined) throw new TypeError('Every request has an answer');
	if (!claimed.ok) {
		routeStoreError(route, index, claimed.error);
		return;
	}
	if (opened instanceof StoreError) throw new TypeError('A store that is not open answers nothing');
	const { answer, request } = claimed;
	const details = answerDetails(claimed, item.label, settings.scope);
	switch (answer.outcome) {
		case 'new':
			route.held?.place(
				claimed.token ?? '',
				out.pass(OUTPUT.new, index, settings.outputField, details),
			);
			break;
		case 'duplicate': {
			const replay = replayOf(answer, request, secretsOf(opened), details);
			if (replay.kind === 'unreadable') {
				out.fail(index, replay.complaint);
			} else if (replay.kind === 'details') {
				out.pass(OUTPUT.duplicate, index, settings.outputField, replay.details);
			} else {
				const message = duplicateMessage(answer.record);
				const withDetails = { [settings.outputField]: { ...details, message } };
				out.replay(
					index,
					replay.items.map((item) =>
						settings.detailsOnDuplicates ||
						(route.context.continueOnFail() && looksLikeErrorItem(item))
							? { ...item, json: { ...item.json, ...withDetails } }
							: item,
					),
				);
			}
			break;
		}
		case 'conflict': {
			const sameBatch =
				answer.reason === 'in_progress' && route.held?.has(request.identity) === true;
			const refusal = refusalOf(answer, claimed, item, opened, sameBatch);
			out.pass(OUTPUT.conflict, index, settings.outputField, {
				...details,
				...(sameBatch ? { sameBatch } : {}),
				...refusalDetails(refusal),
			});
		}
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
	{ settings, out, unprotected }: Routing,
	index: number,
	message: string,
): void {
	out.pass(OUTPUT.new, index, settings.outputField, { outcome: 'unprotected', message });
	unprotected.push({ index, message });
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

/** Before the store is touched: an item that can't be checked stops the run without claiming for the others. */
function throwForFirstBrokenItem(
	context: IExecuteFunctions,
	settings: GuardSettings,
	prepared: readonly Prepared[],
): void {
	for (const [index, each] of prepared.entries()) {
		const complaint = complaintAbout(each, settings);
		if (complaint !== null) throw nodeError(context.getNode(), complaint, index);
	}
}

function complaintAbout(prepared: Prepared, settings: GuardSettings): Complaint | null {
	if (prepared.kind === 'error') return prepared.complaint;
	if (prepared.kind === 'missing' && settings.onMissingKey === 'error') return prepared.missing;
	return null;
}
