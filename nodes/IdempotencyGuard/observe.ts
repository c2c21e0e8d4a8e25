import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { attemptAsync } from '../../lib/core/attempt';
import { answerOf } from '../../lib/guard/answer';
import { claimItems, grantedClaims } from '../../lib/guard/claim-items';
import { countUnclaimed } from '../../lib/guard/count-answers';
import type { JsonObject } from '../../lib/guard/item';
import type { Observed } from '../../lib/guard/observed';
import {
	observedDetails,
	observedOnly,
	refused,
	unchecked,
	wouldBlock,
} from '../../lib/guard/observed';
import type { ClaimableItem, Prepared } from '../../lib/guard/prepare';
import { missingKeyRefusal, signatureRefusal } from '../../lib/guard/refusal';
import { HeldClaims } from '../run-end/hold-claims';
import type { GuardSettings } from '../shared/guard-settings';
import { readSettings } from '../shared/guard-settings';
import { fixedKeyHints } from '../shared/key-hints';
import { complaintOf } from '../shared/messages';
import { outputFieldOf } from '../shared/node-types';
import { rememberOpenClaims } from '../shared/open-claims';
import { openStore } from '../shared/open-store';
import { itemParametersOf } from '../shared/parameters';
import { patienceWith, sqlTokenWithoutClaim } from '../shared/watching';
import type { Incoming } from './incoming';
import { keylessAmongOthers } from './incoming';
import { judge } from './judge';
import type { GuardOutputs } from './outputs';
import { OUTPUT } from './outputs';
import { incomingOf } from './read-input';
import { checkWorkflow } from './workflow-checks';

/**
 * "Observe Only": every item goes to New, and says what would have become of it. Claims are made and finished as ever, so that the next
 * delivery is seen for what it is. What goes wrong here is told in a hint, and stops nothing.
 */
export async function observeItems(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
	out: GuardOutputs,
): Promise<void> {
	const seen = await attemptAsync(async () => await watch(context, items));
	if (seen.ok) out.take(seen.value.incoming);
	const outputField = seen.ok ? seen.value.outputField : fallbackField(context);
	const details = seen.ok
		? seen.value.details
		: items.map(() => observedOnly(unchecked(complaintOf(seen.error).message)));
	const token = sqlTokenWithoutClaim(context.getNode());
	for (const [index, each] of details.entries()) {
		out.pass(OUTPUT.new, index, outputField, { ...each, ...token });
	}
	const observed = details.flatMap((each) => (each.observed as Observed | undefined) ?? []);
	for (const message of fixedKeyHints(context.getNode())) {
		context.addExecutionHints({ message, location: 'outputPane', type: 'warning' });
	}
	for (const message of hintsAbout(observed)) {
		context.addExecutionHints({ message, location: 'outputPane', type: 'info' });
	}
}

interface Seen {
	readonly outputField: string;
	readonly incoming: readonly Incoming[];
	/** Our own field of each of them. */
	readonly details: readonly JsonObject[];
}

async function watch(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
): Promise<Seen> {
	const parameters = itemParametersOf(context);
	const settings = readSettings(context, parameters);
	const { outputField } = settings;
	checkWorkflow(context, settings);
	const incoming = await incomingOf(context, parameters, items);
	if (settings.skip) {
		return { outputField, incoming, details: incoming.map(() => ({ outcome: 'skipped' })) };
	}
	const { opened, prepared, claimed } = await patienceWith(context.getNode()).within(async () => {
		const store = await openStore(context, settings.store);
		const all = await judge(context, settings, parameters, incoming, store);
		const claimable = all.filter((each) => each?.kind === 'claim');
		// What goes on may act: a claim of which the answer is lost must not be given back.
		const asked = { ...settings, onStoreError: 'continueUnprotected' };
		return { opened: store, prepared: all, claimed: await claimItems(store, asked, claimable) };
	});
	const held = new HeldClaims(context, opened, settings);
	await held.hold(grantedClaims(claimed));
	const answers = claimed.values();
	const where = { namespace: settings.scope.namespace, executionId: context.getExecutionId() };
	const keyless = keylessAmongOthers(incoming, prepared);
	const details = prepared.map((each, place): JsonObject => {
		if (each === null) {
			countUnclaimed(opened.store, where, 'observed_signature_refused');
			return observedOnly(refused('conflict', signatureRefusal()));
		}
		if (each.kind === 'missing') countUnclaimed(opened.store, where, 'observed_missing_key');
		if (each.kind !== 'claim')
			return observedOnly(observedWithoutClaim(settings, each, keyless.has(place)));
		const answer = answers.next().value;
		if (answer === undefined) throw new TypeError('Every request has an answer');
		return observedDetails(answerOf(answer, each, settings, opened, (id) => held.has(id)));
	});
	rememberOpenClaims(context, held.granted);
	held.handOver();
	return { outputField, incoming, details };
}

function observedWithoutClaim(
	{ onMissingKey }: GuardSettings,
	prepared: Exclude<Prepared, ClaimableItem>,
	isAlone: boolean,
): Observed {
	if (prepared.kind === 'error') {
		return { outcome: 'error', message: complaintOf(prepared.error).message };
	}
	const { message } = prepared.missing;
	if (onMissingKey === 'continueUnprotected') return { outcome: 'unprotected', message };
	return refused(isAlone ? 'conflict' : onMissingKey, missingKeyRefusal(message));
}

/** The settings could not be read: the name that the field most likely has. */
function fallbackField(context: IExecuteFunctions): string {
	const named = outputFieldOf(context.getNode().parameters);
	return named === '' || named === '__proto__' ? 'idempotency' : named;
}

function hintsAbout(observed: readonly Observed[]): string[] {
	const blocked = observed.filter(wouldBlock);
	const missed = observed.find(({ outcome }) => outcome === 'unchecked');
	const hints: string[] = [];
	if (missed !== undefined) {
		const many = observed.filter(({ outcome }) => outcome === 'unchecked').length;
		hints.push(`${many} of ${observed.length} items could not be checked: ${missed.message}`);
	}
	if (blocked.length > 0) {
		hints.push(
			`Observe Only: ${blocked.length} of ${observed.length} items went on that "Enforce" would have held back. The first would have been told: ${String(blocked[0]?.message)}`,
		);
	}
	return hints;
}
