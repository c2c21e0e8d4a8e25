import type { ITriggerFunctions } from 'n8n-workflow';

import { attemptAsync } from '../../lib/core/attempt';
import type { Alarm, AlarmTerms } from '../../lib/guard/alarms';
import { Alarms } from '../../lib/guard/alarms';
import type { Store } from '../../lib/core/store';
import { complaintOf, nodeError } from '../shared/messages';
import { openStore } from '../shared/open-store';
import type { TriggerSettings } from './trigger-settings';

/** Looks at the counters by the minute every so often, and starts the workflow when a threshold is exceeded, and when it no longer is. */
export class AlarmWatch {
	private timer: NodeJS.Timeout | undefined;

	private closed = false;

	/** Only the first of several failures in a row becomes a failed execution. */
	private failing = false;

	private known: { readonly store: Store; readonly alarms: Alarms } | undefined;

	constructor(
		private readonly context: ITriggerFunctions,
		private readonly settings: TriggerSettings,
		private readonly terms: AlarmTerms,
	) {}

	/** Looks at once, and from then on. @throws what keeps the store from being used, so that activating fails */
	async start(): Promise<void> {
		await this.alarms();
		this.later(0);
	}

	/** For the editor: what such an item looks like. */
	showOne(): void {
		const namespace = this.terms.namespace ?? 'payments';
		const example: Alarm = { state: 'exceeded', namespace, count: this.terms.threshold + 1 };
		this.context.emit([[{ json: { ...this.eventOf(example), isExample: true } }]]);
	}

	close(): void {
		this.closed = true;
		clearTimeout(this.timer);
	}

	private later(ms: number): void {
		clearTimeout(this.timer);
		if (!this.closed) this.timer = setTimeout(() => void this.check(), ms);
	}

	private async check(): Promise<void> {
		const looked = await attemptAsync(async () => {
			const reply = await (await this.alarms()).look();
			if (!reply.ok) throw reply.error;
			return reply.answer;
		});
		if (looked.ok) {
			this.failing = false;
			const items = looked.value.map((alarm) => ({ json: this.eventOf(alarm) }));
			if (items.length > 0 && !this.closed) this.context.emit([items]);
		} else this.complain(looked.error);
		this.later(this.settings.everyMs);
	}

	private async alarms(): Promise<Alarms> {
		const { store } = await openStore(this.context, this.settings.store);
		if (this.known?.store !== store) {
			this.known = { store, alarms: new Alarms(store, this.settings.consumer, this.terms) };
		}
		return this.known.alarms;
	}

	private eventOf({ state, namespace, count }: Alarm) {
		const { kind, threshold, minutes } = this.terms;
		const event = state === 'exceeded' ? 'threshold_exceeded' : 'threshold_over';
		return { event, what: kind, namespace, count, threshold, minutes };
	}

	private complain(error: unknown): void {
		const problem = nodeError(this.context.getNode(), complaintOf(error));
		this.context.logger.warn(`Idempotency Trigger: ${problem.message}`, { error: problem });
		if (!this.failing) this.context.saveFailedExecution(problem);
		this.failing = true;
	}
}
