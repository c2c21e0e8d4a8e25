import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { attemptAsync } from '../../lib/core/attempt';
import { StoreError } from '../../lib/core/reply';
import type { Answer } from '../../lib/guard/answer';
import { answerOf } from '../../lib/guard/answer';
import type { Claimed } from '../../lib/guard/claim-items';
import { claimItems, grantedClaims } from '../../lib/guard/claim-items';
import { countUnclaimed } from '../../lib/guard/count-answers';
import type { OpenStore } from '../../lib/guard/opened-store';
import { release } from '../../lib/guard/release';
import type { ClaimableItem, Prepared } from '../../lib/guard/prepare';
import { claimsOf } from '../../lib/guard/prepare';
import { missingKeyRefusal } from '../../lib/guard/refusal';
import { mayContinueUnprotected } from '../../lib/guard/unprotected';
import type { GuardSettings } from '../shared/guard-settings';
import { readSettings } from '../shared/guard-settings';
import { readTerms, refuseTwoTenants } from '../shared/item-terms';
import { ownNodeOf } from '../shared/engine';
import type { ItemParameters } from '../shared/parameters';
import type { AnswerChoices } from './answer-choices';
import { answerChoicesOf } from './answer-choices';
import type { ResponseMode } from './answers';
import {
	acceptedBody,
	closedAnswer,
	notKeptAnswer,
	nothingToDo,
	problemAnswer,
	refusalAnswer,
	replayAnswer,
	replayWithoutResult,
	send,
	stillRunning,
} from './answers';
import { answerBatch } from './batch';
import { addressOf } from './callers';
import { credentialHeaders } from './credential-headers';
import { logAtDoor } from './door-log';
import { eventsOf } from './events';
import { expressionsOnlyRead, showToExpressions } from './expressions';
import { answerToBroken, storeProblem } from './failures';
import { forgetBody, keepBody } from './kept-bodies';
import { closedForSeconds, countMismatch } from './mismatch-limits';
import { startObserved } from './observe-at-door';
import { logDoubts } from './doubts';
import { tryToOpenAtDoor } from './open-at-door';
import type { DoorRequest } from './request';
import { comparableItem, heldBytes } from './request';
import { hostAtDoor, waitAtDoor } from './host-at-door';
import { slowDown } from './slow-refusals';
import { itemOf, keepRequest } from './starting';

/** From the split to the answer: claims for the events of a request that was let in. */
export class Door {
	private readonly settings: GuardSettings;

	private readonly responseMode: ResponseMode;

	private readonly acceptsRunning: boolean;

	private readonly choices: AnswerChoices;

	/**
	 * @param isKnown whether the caller has proved who it is: only then it is told which fields differ
	 * @throws ComplaintError for settings that can't work
	 */
	constructor(
		private readonly context: IWebhookFunctions,
		private readonly parameters: ItemParameters,
		private readonly isKnown: boolean,
	) {
		this.settings = readSettings(context, parameters);
		refuseTwoTenants(parameters);
		this.responseMode = parameters.get<ResponseMode>('responseMode', 0, 'responseNode');
		this.acceptsRunning =
			parameters.get<string>('options.onInProgress', 0, 'conflict') === 'accept';
		this.choices = answerChoicesOf(parameters);
	}

	/** @param holders objects that hold the body as well: it can be let go while the request waits */
	async answer(request: DoorRequest, holders: readonly object[]): Promise<IWebhookResponseData> {
		const { context, settings, parameters } = this;
		const { requests, leftOut } = eventsOf(parameters, request);
		const [only, ...more] = requests;
		if (only === undefined) return send(context, nothingToDo(leftOut));
		if (settings.skip) return await this.startAll(requests, { outcome: 'skipped' });
		if (settings.observes) {
			return await startObserved(context, settings, this.responseMode, requests, async (opened) =>
				this.prepare(requests, opened),
			);
		}
		const opened = await tryToOpenAtDoor(context, settings);
		const prepared = await this.prepare(requests, opened);
		if (more.length === 0) {
			return await this.answerOne(only, opened, prepared[0], [...holders, only, only.json]);
		}
		if (opened instanceof StoreError) return await this.withoutStore(requests, opened);
		const terms = { settings, choices: this.choices };
		return await answerBatch(context, terms, opened, requests, prepared);
	}

	private async prepare(
		requests: readonly DoorRequest[],
		opened: OpenStore | StoreError,
	): Promise<Prepared[]> {
		const terms = requests.flatMap((each) => {
			showToExpressions(this.context, each.json);
			return readTerms(this.parameters, [each]);
		});
		const isUntouched = expressionsOnlyRead(ownNodeOf(this.context).parameters);
		const prepared = await claimsOf(
			hostAtDoor(this.settings.nodeId, requests),
			this.settings,
			terms,
			requests.map((each) => comparableItem(each, isUntouched)),
			opened instanceof StoreError ? { secret: '', previousSecret: '' } : opened,
		);
		logDoubts(this.context, prepared);
		return prepared;
	}

	private async answerOne(
		request: DoorRequest,
		opened: OpenStore | StoreError,
		prepared: Prepared | undefined,
		holders: readonly object[],
	): Promise<IWebhookResponseData> {
		const { context, settings } = this;
		switch (prepared?.kind) {
			case 'claim':
				return opened instanceof StoreError
					? await this.withoutStore([request], opened)
					: await this.claimed(request, opened, prepared, holders);
			case 'missing': {
				const { message, description } = prepared.missing;
				if (!(opened instanceof StoreError)) {
					const place = { namespace: settings.scope.namespace, executionId: '' };
					countUnclaimed(opened.store, place, 'missing_key');
				}
				logAtDoor(context, 'missing_key', `A request has no key: ${message} ${description}`);
				// While the workflow is built the request is what its key can be written from.
				if (settings.onMissingKey === 'continueUnprotected' || context.getMode() === 'manual') {
					return await this.startAll([request], { outcome: 'unprotected', message });
				}
				const refusal = missingKeyRefusal(message);
				return send(context, refusalAnswer(refusal, this.choices.statusOf(refusal)));
			}
			case 'error':
				return send(context, answerToBroken(context, prepared.error));
			default:
				throw new TypeError('Every request is prepared');
		}
	}

	private async claimed(
		request: DoorRequest,
		opened: OpenStore,
		item: ClaimableItem,
		holders: readonly object[],
	): Promise<IWebhookResponseData> {
		const { context, settings } = this;
		const closed = closedForSeconds(item.request.identity, addressOf(context));
		if (closed !== null) return send(context, closedAnswer(closed));
		const [first] = await claimItems(opened, settings, [item]);
		if (first === undefined) throw new TypeError('Every request has an answer');
		const before = this.answerOf(first, item, opened);
		const waits =
			settings.maxWaitMs !== null &&
			before.kind === 'conflict' &&
			before.refusal.reason === 'in_progress';
		if (!waits) {
			await slowDown(context, before, item, holders);
			return await this.answered(request, opened, first, before);
		}

		const body = keepBody(heldBytes(request), item.request.tenant);
		if (!body.isKept) forgetBody([...holders, item]);
		try {
			const claimed = await waitAtDoor(context, opened, settings, item, first);
			const after = this.answerOf(claimed, item, opened);
			if (!body.isKept && after.kind === 'failed') {
				return send(context, storeProblem(context, after.error));
			}
			if (body.isKept || after.kind !== 'new') {
				return await this.answered(request, opened, claimed, after);
			}
			// Its body is gone: the sender has to bring it again.
			await release(opened, grantedClaims([claimed]), 'The request waited without its body');
			return send(context, refusalAnswer(before.refusal, this.choices.statusOf(before.refusal)));
		} finally {
			body.release();
		}
	}

	private answerOf(claimed: Claimed, item: ClaimableItem, opened: OpenStore): Answer {
		const tells = this.isKnown || item.request.tenant !== '';
		const told = tells ? item : { ...item, compared: null, content: null };
		return answerOf(claimed, told, this.settings, opened, () => false);
	}

	private async answered(
		request: DoorRequest,
		opened: OpenStore,
		claimed: Claimed,
		answer: Answer,
	): Promise<IWebhookResponseData> {
		const { context, choices } = this;
		switch (answer.kind) {
			case 'failed':
				return await this.withoutStore([request], answer.error);
			case 'new':
				return await this.startClaimed(request, opened, claimed, answer.details as IDataObject);
			case 'duplicate': {
				const { replay } = answer;
				if (replay.kind === 'unreadable') {
					const { message } = replay.complaint;
					logAtDoor(context, 'unreadable_result', message);
					const detail = 'The request was handled before. Its result cannot be read any more.';
					return send(context, problemAnswer('unreadable_result', 500, detail));
				}
				if (replay.kind === 'details') {
					const details = replay.details as IDataObject;
					return send(
						context,
						replayWithoutResult(details, answer.record, choices.handledWithoutResult),
					);
				}
				const jsons = replay.items.map(({ json }) => json as IDataObject);
				return send(context, replayAnswer(jsons, answer.record, this.responseMode));
			}
			case 'conflict': {
				const { refusal } = answer;
				if (refusal.reason === 'payload_mismatch' && claimed.ok) {
					countMismatch(claimed.request.identity, addressOf(context));
				}
				const isRunning = refusal.reason === 'in_progress' && this.acceptsRunning;
				return send(
					context,
					isRunning
						? stillRunning(answer.details as IDataObject, refusal)
						: refusalAnswer(refusal, choices.statusOf(refusal)),
				);
			}
		}
	}

	/** If no execution can be started, the claim is given back: nothing has acted for it. */
	private async startClaimed(
		request: DoorRequest,
		opened: OpenStore,
		claimed: Claimed,
		details: IDataObject,
	): Promise<IWebhookResponseData> {
		const granted = grantedClaims([claimed]);
		const [claim] = granted;
		const started = await attemptAsync(async () => {
			if (this.responseMode === 'onReceived' && claim !== undefined) {
				const ownHeaders = await credentialHeaders(this.context);
				if ((await keepRequest(opened, request, claim, ownHeaders)) === 'too_large') return null;
			}
			return await this.startAll([request], details);
		});
		if (started.ok && started.value !== null) return started.value;
		await release(opened, granted, 'The execution could not be started');
		if (!started.ok) throw started.error;
		return send(this.context, notKeptAnswer());
	}

	private async startAll(
		requests: readonly DoorRequest[],
		details: IDataObject,
	): Promise<IWebhookResponseData> {
		const { context, settings, responseMode } = this;
		const items = await Promise.all(
			requests.map(async (each) => await itemOf(context, each, settings.outputField, details)),
		);
		return {
			...(responseMode === 'onReceived' ? { webhookResponse: acceptedBody(details) } : {}),
			workflowData: [items],
		};
	}

	private async withoutStore(
		requests: readonly DoorRequest[],
		error: StoreError,
	): Promise<IWebhookResponseData> {
		const { context, settings } = this;
		if (settings.onStoreError !== 'continueUnprotected' || !mayContinueUnprotected(error)) {
			return send(context, storeProblem(context, error));
		}
		return await this.startAll(requests, { outcome: 'unprotected', message: error.message });
	}
}
