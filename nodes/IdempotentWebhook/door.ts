import { randomBytes } from 'node:crypto';
import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { attemptAsync } from '../../lib/core/attempt';
import type { OwnerCommand } from '../../lib/core/record';
import { StoreError, replyAt } from '../../lib/core/reply';
import { answerOf } from '../../lib/guard/answer';
import type { ClaimHost } from '../../lib/guard/claim-host';
import type { Claimed, GrantedClaim } from '../../lib/guard/claim-items';
import { claimItems, grantedClaims } from '../../lib/guard/claim-items';
import { release } from '../../lib/guard/release';
import type { OpenStore } from '../../lib/guard/opened-store';
import type { ClaimableItem } from '../../lib/guard/prepare';
import { claimsOf } from '../../lib/guard/prepare';
import { missingKeyRefusal } from '../../lib/guard/refusal';
import type { WaitingHost } from '../../lib/guard/wait-for-result';
import { waitForResults } from '../../lib/guard/wait-for-result';
import { WaiterLimits } from '../../lib/guard/waiter-limits';
import { ownerTokenOf } from '../../lib/keys/identity';
import { encodeResult } from '../../lib/results/result-codec';
import type { GuardSettings } from '../shared/guard-settings';
import { readSettings } from '../shared/guard-settings';
import { readTerms } from '../shared/item-terms';
import { complaintOf, mayContinueUnprotected } from '../shared/messages';
import type { ItemParameters } from '../shared/parameters';
import { requestParametersOf } from '../shared/parameters';
import type { ResponseMode } from './answers';
import {
	acceptedBody,
	problemAnswer,
	refusalAnswer,
	replayAnswer,
	replayWithoutResult,
	send,
	stillRunning,
} from './answers';
import { authenticate } from './authenticate';
import { openAtDoor } from './open-at-door';
import { isOriginAllowed } from './origin';
import type { DoorRequest } from './request';
import { comparableItem, readRequest, startingItem } from './request';

/** A request that waits takes up a connection, and no place of an execution: many more of them may wait. */
const limits = new WaiterLimits({ perKey: 1_000, perProcess: 1_000 });

/** Largest request that is kept with its claim until its run has started, in bytes. */
const MAX_KEPT_REQUEST = 1024 * 1024;

/**
 * Answers a request, or starts an execution for it. Nothing is ever thrown: n8n would start an execution for a request that was not
 * checked.
 */
export async function answerAtDoor(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	try {
		const parameters = requestParametersOf(context);
		if (!isOriginAllowed(context, parameters)) {
			const detail = 'Pages of this origin may not call this webhook.';
			return send(context, problemAnswer('origin_not_allowed', 403, detail));
		}
		const who = await authenticate(context, parameters);
		if (!who.ok) {
			const { statusCode, message, challenge } = who;
			const problem = statusCode === 500 ? 'misconfigured' : 'unauthorized';
			const headers = challenge === undefined ? undefined : { 'www-authenticate': challenge };
			return send(context, problemAnswer(problem, statusCode, message, headers));
		}
		const request = await readRequest(context, parameters, who.jwtPayload);
		return await new Door(context, parameters).answer(request);
	} catch (error) {
		return send(context, answerToFailure(context, error));
	}
}

function answerToFailure(context: IWebhookFunctions, error: unknown) {
	if (isTooLarge(error)) {
		return problemAnswer('too_large', 413, 'The body is larger than this n8n takes.');
	}
	if (error instanceof StoreError) return storeProblem(context, error);
	const { message, description } = complaintOf(error);
	log(context, `${message}. ${description}`);
	// The caller is no user of this n8n. What is wrong is told in the log, and to whoever listens for a test event.
	const detail = context.getMode() === 'manual' ? message : 'The log of n8n says what is wrong.';
	return problemAnswer('misconfigured', 500, detail);
}

/** The error of the library with which n8n reads bodies. */
function isTooLarge(error: unknown): boolean {
	return (error as { type?: unknown } | null)?.type === 'entity.too.large';
}

function storeProblem(context: IWebhookFunctions, error: StoreError) {
	log(context, `${error.message}. ${complaintOf(error).description}`);
	const detail = 'The store of this webhook cannot be asked right now. Nothing was done.';
	return problemAnswer('store_unavailable', 503, detail);
}

function log(context: IWebhookFunctions, message: string): void {
	context.logger.error(`Idempotent Webhook "${context.getNode().name}": ${message}`);
}

class Door {
	private readonly settings: GuardSettings;

	private readonly responseMode: ResponseMode;

	private readonly acceptsRunning: boolean;

	/** @throws ComplaintError for settings that can't work */
	constructor(
		private readonly context: IWebhookFunctions,
		private readonly parameters: ItemParameters,
	) {
		this.settings = readSettings(context, parameters);
		this.responseMode = parameters.get<ResponseMode>('responseMode', 0, 'responseNode');
		this.acceptsRunning =
			parameters.get<string>('options.onInProgress', 0, 'conflict') === 'accept';
	}

	async answer(request: DoorRequest): Promise<IWebhookResponseData> {
		const { context, settings } = this;
		if (settings.skip) return await this.start(request, { outcome: 'skipped' });
		const opened = await this.tryOpen();
		const [prepared] = await claimsOf(
			this.hostOf(request),
			settings,
			readTerms(this.parameters, 1),
			[comparableItem(request)],
			opened instanceof StoreError ? { secret: '', previousSecret: '' } : opened,
		);
		switch (prepared?.kind) {
			case 'claim':
				return opened instanceof StoreError
					? await this.withoutStore(request, opened)
					: await this.claimed(request, opened, prepared);
			case 'missing':
				if (settings.onMissingKey !== 'continueUnprotected') {
					return send(context, refusalAnswer(missingKeyRefusal(prepared.missing.message)));
				}
				return await this.start(request, {
					outcome: 'unprotected',
					message: prepared.missing.message,
				});
			case 'error':
				return send(
					context,
					problemAnswer('not_acceptable', 400, complaintOf(prepared.error).message),
				);
			default:
				throw new TypeError('Every request is prepared');
		}
	}

	private async claimed(
		request: DoorRequest,
		opened: OpenStore,
		item: ClaimableItem,
	): Promise<IWebhookResponseData> {
		const { context, settings } = this;
		const hungUp = new AbortController();
		context.getResponseObject().once('close', () => hungUp.abort());
		const host: WaitingHost = {
			signal: hungUp.signal,
			limits,
			isHeldElsewhere: () => true,
			// The claim is pending: it needs no renewal until its run starts.
			hold: async () => await Promise.resolve(),
		};
		const first = await claimItems(opened, settings, [item]);
		const [claimed] = await waitForResults(host, opened, settings, [item], first);
		if (claimed === undefined) throw new TypeError('Every request has an answer');
		const answer = answerOf(claimed, item, settings, opened, () => false);
		switch (answer.kind) {
			case 'failed':
				return await this.withoutStore(request, answer.error);
			case 'new':
				return await this.startClaimed(request, opened, claimed, answer.details);
			case 'duplicate': {
				const { replay } = answer;
				if (replay.kind === 'unreadable') {
					log(context, replay.complaint.message);
					const detail = 'The request was handled before. Its result cannot be read any more.';
					return send(context, problemAnswer('unreadable_result', 500, detail));
				}
				if (replay.kind === 'details') return send(context, replayWithoutResult(replay.details));
				const jsons = replay.items.map(({ json }) => json as IDataObject);
				return send(context, replayAnswer(jsons, answer.record, this.responseMode));
			}
			case 'conflict': {
				const { details, refusal } = answer;
				const isRunning = refusal.reason === 'in_progress' && this.acceptsRunning;
				return send(context, isRunning ? stillRunning(details, refusal) : refusalAnswer(refusal));
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
		const started = await attemptAsync(async () => {
			if (this.responseMode === 'onReceived') await this.keep(request, opened, granted);
			return await this.start(request, details);
		});
		if (started.ok) return started.value;
		await release(opened, granted, 'The execution could not be started');
		throw started.error;
	}

	/** Keeps a request with its claim until its run has started. It was acknowledged, so it must not be lost with this n8n. */
	private async keep(
		request: DoorRequest,
		{ secret, store }: OpenStore,
		granted: readonly GrantedClaim[],
	): Promise<void> {
		const orders = granted.map(({ identity, owner, fence, tenant }): OwnerCommand => {
			const { bytes } = encodeResult([{ json: request.json }], {
				maxBytes: MAX_KEPT_REQUEST,
				...(secret === '' ? {} : { encryption: { secret, tenant, identity } }),
			});
			return { type: 'deposit', identity, owner, fence, ownRun: true, request: bytes };
		});
		const reply = replyAt(await store.command(orders), 0);
		if (!reply.ok) throw reply.error;
	}

	private async start(request: DoorRequest, details: IDataObject): Promise<IWebhookResponseData> {
		const { context, settings, responseMode } = this;
		const item = await startingItem(context, request, { [settings.outputField]: details });
		return {
			...(responseMode === 'onReceived' ? { webhookResponse: acceptedBody(details) } : {}),
			workflowData: [[item]],
		};
	}

	private async withoutStore(
		request: DoorRequest,
		error: StoreError,
	): Promise<IWebhookResponseData> {
		const { context, settings } = this;
		if (settings.onStoreError !== 'continueUnprotected' || !mayContinueUnprotected(error)) {
			return send(context, storeProblem(context, error));
		}
		return await this.start(request, { outcome: 'unprotected', message: error.message });
	}

	private async tryOpen(): Promise<OpenStore | StoreError> {
		const { context, settings } = this;
		const opened = await attemptAsync(async () => await openAtDoor(context, settings.store));
		if (opened.ok) return opened.value;
		if (opened.error instanceof StoreError) return opened.error;
		throw opened.error;
	}

	private hostOf({ files }: DoorRequest): ClaimHost {
		const nodeId = this.settings.nodeId;
		const nonce = randomBytes(16).toString('hex');
		const owner = ownerTokenOf({ nonce, executionId: '', nodeId, runIndex: 0, itemIndex: 0 });
		return {
			executionId: '',
			pending: true,
			hearsEnd: true,
			ownerOf: () => owner,
			fileOf: async (_item, name) => (await files.get(name)?.content()) ?? Buffer.alloc(0),
		};
	}
}
