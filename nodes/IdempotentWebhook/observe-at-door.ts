import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { attemptAsync } from '../../lib/core/attempt';
import { answerOf } from '../../lib/guard/answer';
import { claimItems, grantedClaims } from '../../lib/guard/claim-items';
import { countUnclaimed } from '../../lib/guard/count-answers';
import type { JsonObject } from '../../lib/guard/item';
import type { Observed } from '../../lib/guard/observed';
import { observedDetails, observedOnly, refused, unchecked } from '../../lib/guard/observed';
import type { OpenStore } from '../../lib/guard/opened-store';
import type { ClaimableItem, Prepared } from '../../lib/guard/prepare';
import { missingKeyRefusal } from '../../lib/guard/refusal';
import type { GuardSettings } from '../shared/guard-settings';
import { complaintOf } from '../shared/messages';
import { patienceWith, sqlTokenWithoutClaim } from '../shared/watching';
import type { ResponseMode } from './answers';
import { acceptedBody, acceptedEvents, send } from './answers';
import { logAtDoor } from './door-log';
import { openAtDoor } from './open-at-door';
import type { DoorRequest } from './request';
import { itemOf } from './starting';

/**
 * "Observe Only": all events of a request start the workflow, and our own field says what would have become of each. What goes wrong here
 * is said there, and in the log, and keeps no request out. Of several events the sender is answered first, as ever.
 */
export async function startObserved(
	context: IWebhookFunctions,
	settings: GuardSettings,
	responseMode: ResponseMode,
	requests: readonly DoorRequest[],
	prepare: (opened: OpenStore) => Promise<readonly Prepared[]>,
): Promise<IWebhookResponseData> {
	const complain = (message: string) =>
		logAtDoor(context, 'observe', `A request went on, but was not checked: ${message}`);
	const details = await observe(context, settings, requests.length, prepare, complain);
	const token = sqlTokenWithoutClaim(context.getNode());
	const items = await Promise.all(
		requests.map(
			async (each, i) =>
				await itemOf(context, each, settings.outputField, {
					...details[i],
					...token,
				} as IDataObject),
		),
	);
	if (requests.length > 1) {
		return { ...send(context, acceptedEvents(requests.length)), workflowData: [items] };
	}
	return {
		...(responseMode === 'onReceived'
			? { webhookResponse: acceptedBody((details[0] ?? {}) as IDataObject) }
			: {}),
		workflowData: [items],
	};
}

/** Our own field of each event. */
async function observe(
	context: IWebhookFunctions,
	settings: GuardSettings,
	count: number,
	prepare: (opened: OpenStore) => Promise<readonly Prepared[]>,
	complain: (message: string) => void,
): Promise<JsonObject[]> {
	const patience = patienceWith(context.getNode());
	const seen = await attemptAsync(
		async () =>
			await patience.within(async () => {
				const opened = await openAtDoor(context, settings);
				const prepared = await prepare(opened);
				const claimable = prepared.filter((each) => each.kind === 'claim');
				// What goes on may act: a claim of which the answer is lost must not be given back.
				const asked = { ...settings, onStoreError: 'continueUnprotected' };
				const claimed = await claimItems(opened, asked, claimable);
				const mine = new Set(grantedClaims(claimed).map(({ identity }) => identity));
				const answers = claimed.values();
				const place = { namespace: settings.scope.namespace, executionId: '' };
				return prepared.map((each) => {
					if (each.kind === 'missing') {
						countUnclaimed(opened.store, place, 'observed_missing_key');
					}
					if (each.kind !== 'claim') return observedOnly(withoutClaim(settings, each));
					const answer = answers.next().value;
					if (answer === undefined) throw new TypeError('Every event has an answer');
					if (!answer.ok) complain(answer.error.message);
					return observedDetails(answerOf(answer, each, settings, opened, (id) => mine.has(id)));
				});
			}),
	);
	if (seen.ok) return seen.value;
	const { message } = complaintOf(seen.error);
	complain(message);
	return Array.from({ length: count }, () => observedOnly(unchecked(message)));
}

function withoutClaim(
	{ onMissingKey }: GuardSettings,
	prepared: Exclude<Prepared, ClaimableItem>,
): Observed {
	if (prepared.kind === 'error') {
		return { outcome: 'conflict', statusCode: 400, message: complaintOf(prepared.error).message };
	}
	const { message } = prepared.missing;
	return onMissingKey === 'continueUnprotected'
		? { outcome: 'unprotected', message }
		: refused('conflict', missingKeyRefusal(message));
}
