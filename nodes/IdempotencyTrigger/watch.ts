import type { IDataObject, IRun, ITriggerFunctions } from 'n8n-workflow';

import { AbandonedClaims } from '../../lib/guard/abandoned-claims';
import { attemptAsync } from '../../lib/core/attempt';
import type { ListedRecord } from '../../lib/core/listing';
import type { Reply } from '../../lib/core/reply';
import { isoTime } from '../../lib/guard/words';
import { complaintOf, nodeError } from '../shared/messages';
import { openStore } from '../shared/open-store';
import { recordItem } from '../shared/record-item';
import type { TriggerSettings } from './trigger-settings';

/** How often to look while the editor waits for an event. */
const MANUAL_EVERY_MS = 2_000;

/**
 * Looks for abandoned claims every so often, and starts one execution at a time for them. They count as told when the execution succeeded,
 * or was put to wait. If it failed, they are told again later. If this process ends meanwhile, the next one tells them.
 */
export class AbandonedWatch {
	private timer: NodeJS.Timeout | undefined;

	private closed = false;

	/** The claims that the running execution is told of. */
	private telling: readonly ListedRecord[] = [];

	/** One thing at a time: a look that began earlier must not hold a claim again that has just been told. */
	private turn: Promise<void> = Promise.resolve();

	/** Only the first of several failures in a row becomes a failed execution. */
	private failing = false;

	constructor(
		private readonly context: ITriggerFunctions,
		private readonly settings: TriggerSettings,
	) {}

	/** Looks at once, and from then on. @throws what keeps the store from being used, so that activating fails */
	async start(): Promise<void> {
		valueOf(await (await this.claims()).ask());
		this.later(0);
	}

	/** For the editor: one claim as an example, told or not, as soon as there is one. It stays as it is. */
	async showOne(): Promise<void> {
		const found = valueOf(await (await this.claims()).peek());
		if (this.closed) return;
		if (found !== null) this.context.emit([[{ json: eventOf(found) }]]);
		else this.timer = setTimeout(() => void this.showNext(), MANUAL_EVERY_MS);
	}

	close(): void {
		this.closed = true;
		clearTimeout(this.timer);
	}

	private async showNext(): Promise<void> {
		const shown = await attemptAsync(async () => await this.showOne());
		if (!shown.ok) this.context.emitError(this.errorOf(shown.error));
	}

	private later(ms: number): void {
		clearTimeout(this.timer);
		if (!this.closed) this.timer = setTimeout(() => void this.check(), ms);
	}

	private async check(): Promise<void> {
		const looked = await attemptAsync(async () => await this.inTurn(async () => await this.look()));
		if (looked.ok) this.failing = false;
		else this.complain(looked.error);
		this.later(this.settings.everyMs);
	}

	private async look(): Promise<void> {
		const claims = await this.claims();
		if (this.telling.length > 0) {
			valueOf(await claims.again(this.telling, this.settings.holdMs));
			return;
		}
		const taken = valueOf(await claims.take(this.settings.maxItems));
		// If this was closed meanwhile, another tells them after the hold.
		if (taken.length > 0 && !this.closed) this.tell(claims, taken);
	}

	private tell(claims: AbandonedClaims, taken: readonly ListedRecord[]): void {
		const done = this.context.helpers.createDeferredPromise<IRun>();
		this.telling = taken;
		void done.promise
			.then(wasTold, () => false)
			.then(async (told) => await this.inTurn(async () => await this.note(claims, taken, told)));
		const items = taken.map((claim) => ({ json: eventOf(claim) }));
		this.context.emit([items], undefined, done);
	}

	private async note(
		claims: AbandonedClaims,
		taken: readonly ListedRecord[],
		told: boolean,
	): Promise<void> {
		const noted = told
			? await claims.told(taken)
			: await claims.again(taken, this.settings.tellAgainMs);
		this.telling = [];
		if (!noted.ok) this.complain(noted.error);
		// There may be more than fit into one execution.
		else if (told) this.later(0);
	}

	private async inTurn(work: () => Promise<void>): Promise<void> {
		const done = this.turn.then(work);
		this.turn = done.catch(() => undefined);
		await done;
	}

	private async claims(): Promise<AbandonedClaims> {
		const { store } = await openStore(this.context, this.settings.store);
		return new AbandonedClaims(store, this.settings.consumer, this.settings);
	}

	private complain(error: unknown): void {
		const problem = this.errorOf(error);
		this.context.logger.warn(`Idempotency Trigger: ${problem.message}`, { error: problem });
		if (!this.failing) this.context.saveFailedExecution(problem);
		this.failing = true;
	}

	private errorOf(error: unknown) {
		return nodeError(this.context.getNode(), complaintOf(error));
	}
}

function wasTold(run: IRun | undefined): boolean {
	return run?.status === 'success' || run?.status === 'waiting';
}

function eventOf({ identity, state, record }: ListedRecord): IDataObject {
	return {
		event: 'abandoned',
		...recordItem(identity, state, record),
		since: isoTime(record.leaseUntil),
	};
}

function valueOf<Answer>(reply: Reply<Answer>): Answer {
	if (!reply.ok) throw reply.error;
	return reply.answer;
}
