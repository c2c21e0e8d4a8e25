import type {
	IDataObject,
	IWebhookFunctions,
	IWebhookResponseData,
	INodeExecutionData,
} from 'n8n-workflow';

import { attemptAsync } from '../../lib/core/attempt';
import type { StoreError } from '../../lib/core/reply';
import type { Answer } from '../../lib/guard/answer';
import { answerOf } from '../../lib/guard/answer';
import type { Claimed } from '../../lib/guard/claim-items';
import { claimItems, grantedClaims } from '../../lib/guard/claim-items';
import { countUnclaimed } from '../../lib/guard/count-answers';
import type { OpenStore } from '../../lib/guard/opened-store';
import { release } from '../../lib/guard/release';
import type { ClaimableItem, Prepared } from '../../lib/guard/prepare';
import type { Refusal } from '../../lib/guard/refusal';
import { missingKeyRefusal } from '../../lib/guard/refusal';
import { mayContinueUnprotected } from '../../lib/guard/unprotected';
import type { GuardSettings } from '../shared/guard-settings';
import type { HttpAnswer } from '../shared/http-answer';
import { complaintOf } from '../shared/messages';
import type { AnswerChoices } from './answer-choices';
import { closedAnswer, notKeptAnswer, refusalAnswer, send } from './answers';
import { addressOf } from './callers';
import { credentialHeaders } from './credential-headers';
import { logAtDoor } from './door-log';
import { answerToBroken, storeProblem } from './failures';
import { closedForSeconds, countMismatch } from './mismatch-limits';
import type { DoorRequest } from './request';
import type { Keeping } from './starting';
import { itemOf, keepRequest } from './starting';

/** What the events of one request are answered together. */
export interface BatchTerms {
	readonly settings: GuardSettings;
	readonly choices: AnswerChoices;
}

/**
 * Several events of one request: each has its own claim, and one execution gets the new ones. The sender is answered first. It hears
 * that all is well where every event is new or handled, and tries the whole request again where that helps one of them.
 */
export async function answerBatch(
	context: IWebhookFunctions,
	terms: BatchTerms,
	opened: OpenStore,
	requests: readonly DoorRequest[],
	prepared: readonly Prepared[],
): Promise<IWebhookResponseData> {
	const { settings } = terms;
	const tally = new Tally(addressOf(context));
	const claimable = prepared
		.filter((each): each is ClaimableItem => each.kind === 'claim')
		.filter(({ request }) => tally.isOpen(request.identity));
	const claimed = await claimItems(opened, settings, claimable);
	const granted = grantedClaims(claimed);
	const attempt = await attemptAsync(
		async () =>
			await sorted(context, terms, opened, requests, prepared, claimsOf(claimable, claimed), tally),
	);
	if (!attempt.ok) {
		await release(opened, granted, 'The execution could not be started');
		throw attempt.error;
	}
	const { items, answer } = attempt.value;
	const sent = send(context, answer);
	return items.length === 0 ? sent : { ...sent, workflowData: [[...items]] };
}

/** The claim of each event that asked for one: of a key that is closed none does. */
type Claims = ReadonlyMap<Prepared, Claimed>;

function claimsOf(items: readonly ClaimableItem[], claimed: readonly Claimed[]): Claims {
	return new Map(
		items.map((item, i) => {
			const own = claimed[i];
			if (own === undefined) throw new TypeError('Every event has an answer');
			return [item, own];
		}),
	);
}

interface Sorted {
	readonly items: readonly INodeExecutionData[];
	readonly answer: HttpAnswer;
}

async function sorted(
	context: IWebhookFunctions,
	terms: BatchTerms,
	opened: OpenStore,
	requests: readonly DoorRequest[],
	prepared: readonly Prepared[],
	claims: Claims,
	tally: Tally,
): Promise<Sorted> {
	const { settings, choices } = terms;
	const items: INodeExecutionData[] = [];
	const start = async (request: DoorRequest | undefined, details: IDataObject) => {
		if (request !== undefined)
			items.push(await itemOf(context, request, settings.outputField, details));
	};
	const keeping = await keepNew(context, opened, requests, prepared, claims);
	const mine = new Set<string>();
	for (const [index, each] of prepared.entries()) {
		const request = requests[index];
		if (each.kind === 'missing') {
			tally.missing.push(each.missing.message);
			const place = { namespace: settings.scope.namespace, executionId: '' };
			countUnclaimed(opened.store, place, 'missing_key');
			logAtDoor(
				context,
				'missing_key',
				`An event of a request has no key: ${each.missing.message}`,
			);
			if (settings.onMissingKey !== 'continueUnprotected') continue;
			await start(request, { outcome: 'unprotected', message: each.missing.message });
			continue;
		}
		if (each.kind === 'error') {
			const { message } = complaintOf(each.error);
			tally.unusable ??= { error: each.error };
			tally.refused++;
			logAtDoor(context, `event ${message}`, `An event of a request cannot be used: ${message}`);
			continue;
		}
		const own = claims.get(each);
		if (own === undefined) continue;
		const answer = answerOf(own, each, settings, opened, (identity) => mine.has(identity));
		if (own.ok && answer.kind === 'new') mine.add(own.request.identity);
		if (keeping.get(own) === 'too_large') {
			await release(opened, grantedClaims([own]), 'The event is too large to be kept');
			tally.isTooLarge = true;
			continue;
		}
		if (
			answer.kind === 'failed' &&
			settings.onStoreError === 'continueUnprotected' &&
			mayContinueUnprotected(answer.error)
		) {
			tally.fresh++;
			await start(request, { outcome: 'unprotected', message: answer.error.message });
			continue;
		}
		tally.count(answer);
		if (answer.kind === 'conflict') noteRefusal(context, answer, each);
		if (answer.kind === 'new') await start(request, answer.details as IDataObject);
	}
	return { items, answer: answerTo(context, tally, items.length, choices) };
}

/**
 * Keeps the new ones with their claims: the sender is told before they run. They are asked for at once, and go to the store together.
 * The raw body is not kept: it is that of all events, once more for each.
 */
async function keepNew(
	context: IWebhookFunctions,
	opened: OpenStore,
	requests: readonly DoorRequest[],
	prepared: readonly Prepared[],
	claims: Claims,
): Promise<ReadonlyMap<Claimed, Keeping>> {
	const ownHeaders = await credentialHeaders(context);
	const kept = prepared.flatMap((each, index) => {
		const own = claims.get(each);
		if (own === undefined) return [];
		const request = requests[index];
		if (request === undefined) throw new TypeError('Every event has a request');
		return grantedClaims([own]).map(async (claim) => {
			const event = { ...request, files: NO_FILES };
			return [own, await keepRequest(opened, event, claim, ownHeaders)] as const;
		});
	});
	return new Map(await Promise.all(kept));
}

const NO_FILES: DoorRequest['files'] = new Map();

/** What was refused is told to nobody else: of several events the sender hears numbers. */
function noteRefusal(
	context: IWebhookFunctions,
	{ refusal }: Answer & { kind: 'conflict' },
	{ request }: ClaimableItem,
): void {
	const { reason, message } = refusal;
	if (reason === 'payload_mismatch') countMismatch(request.identity, addressOf(context));
	if (!isSoonMended(refusal)) {
		logAtDoor(context, `event ${reason}`, `An event of a request was refused: ${message}`);
	}
}

/** Trying again helps. */
const isSoonMended = ({ reason, retryAfterSeconds }: Refusal) =>
	reason === 'in_progress' || retryAfterSeconds !== null;

class Tally {
	readonly missing: string[] = [];
	/** For how many seconds keys of events are closed. */
	readonly closed = new Map<string, number>();
	duplicates = 0;
	fresh = 0;
	refused = 0;
	isTooLarge = false;
	/** What is wrong with an event, or with the settings. */
	unusable: { readonly error: unknown } | null = null;
	failed: StoreError | null = null;
	/** Refused for now. */
	later: Refusal | null = null;
	running: Refusal | null = null;
	unknown: Refusal | null = null;

	constructor(private readonly address: string) {}

	isOpen(identity: string): boolean {
		const seconds = closedForSeconds(identity, this.address);
		if (seconds !== null) this.closed.set(identity, seconds);
		return seconds === null;
	}

	count(answer: Answer): void {
		switch (answer.kind) {
			case 'new':
				this.fresh++;
				return;
			case 'duplicate':
				this.duplicates++;
				return;
			case 'failed':
				this.failed = answer.error;
				return;
			case 'conflict':
				// The same event twice in one request: this run has it.
				if (answer.details.sameBatch === true) this.duplicates++;
				else this.refuse(answer.refusal);
		}
	}

	private refuse(refusal: Refusal): void {
		if (refusal.reason === 'in_progress') this.running ??= refusal;
		else if (refusal.reason === 'unknown_outcome') this.unknown ??= refusal;
		else if (isSoonMended(refusal)) this.later ??= refusal;
		else this.refused++;
	}
}

/** The worst of what the sender can do something about: what trying again mends comes first. */
function answerTo(
	context: IWebhookFunctions,
	tally: Tally,
	started: number,
	choices: AnswerChoices,
): HttpAnswer {
	const { failed, later, running, unknown, missing, duplicates, fresh, refused } = tally;
	if (failed !== null) return storeProblem(context, failed);
	if (tally.closed.size > 0) return closedAnswer(Math.max(...tally.closed.values()));
	const refusal = later ?? running ?? unknown;
	if (refusal !== null) return refusalAnswer(refusal, choices.statusOf(refusal));
	if (tally.isTooLarge) return notKeptAnswer();
	if (tally.unusable !== null && started + duplicates === 0) {
		return answerToBroken(context, tally.unusable.error);
	}
	const [why] = missing;
	if (why !== undefined && started + duplicates + refused === 0) {
		const none = missingKeyRefusal(why);
		return refusalAnswer(none, choices.statusOf(none));
	}
	return {
		statusCode: 200,
		headers: {},
		body: { status: 'accepted', new: fresh, duplicates, refused, missingKeys: missing.length },
	};
}
