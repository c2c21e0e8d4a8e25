import { createHash } from 'node:crypto';
import type { ITriggerFunctions } from 'n8n-workflow';

import type { AbandonedOptions } from '../../lib/guard/abandoned-claims';
import type { AlarmTerms } from '../../lib/guard/alarms';
import type { StoreKind } from '../../lib/core/store';
import { ComplaintError } from '../../lib/guard/complaint';
import { namespaceOf } from '../../lib/guard/scope';

/** How long the events of a process that was killed wait for another one. Never less than two looks: each look extends the hold. */
const HOLD_MS = 5 * 60_000;

export interface TriggerSettings extends AbandonedOptions {
	readonly store: StoreKind;
	/** The name of this node in the store's notices. */
	readonly consumer: string;
	readonly everyMs: number;
	readonly maxItems: number;
	readonly tellAgainMs: number;
}

/** @throws ComplaintError for settings that can't work */
export function readSettings(context: ITriggerFunctions): TriggerSettings {
	const option = (name: string, fallback: number) =>
		Number(context.getNodeParameter(`options.${name}`, fallback));
	const within = (title: string, value: number, least: number, most: number) => {
		if (value >= least && value <= most) return value;
		throw new ComplaintError({
			message: `"${title}" must be from ${least} to ${most}`,
			description: 'Correct it in Idempotency Trigger.',
		});
	};
	const namespace = String(context.getNodeParameter('options.namespace', '')).trim();
	const seconds = Number(context.getNodeParameter('checkEverySeconds', 60));
	const again = option('tellAgainMinutes', 60);
	const everyMs = within('Check Every (Seconds)', seconds, 1, 86_400) * 1000;
	return {
		store: context.getNodeParameter('store', 'embedded') as StoreKind,
		consumer: consumerOf(context),
		namespace: namespace === '' ? null : namespaceOf([namespace]),
		everyMs,
		maxItems: Math.ceil(within('Max Items per Execution', option('maxItems', 50), 1, 1000)),
		graceMs: within('Wait Before Telling (Seconds)', option('graceSeconds', 30), 0, 86_400) * 1000,
		tellAgainMs: within('Tell Again After (Minutes)', again, 0.01, 100_000) * 60_000,
		holdMs: Math.max(HOLD_MS, 2 * everyMs),
	};
}

/** Null: it tells of abandoned requests. @throws ComplaintError for settings that can't work */
export function alarmTermsOf(
	context: ITriggerFunctions,
	{ namespace }: TriggerSettings,
): AlarmTerms | null {
	if (context.getNodeParameter('startOn', 'abandoned') !== 'threshold') return null;
	const threshold = Number(context.getNodeParameter('threshold', 10));
	const minutes = Number(context.getNodeParameter('minutes', 10));
	if (!(threshold >= 0 && minutes >= 1 && minutes <= MOST_MINUTES)) {
		throw new ComplaintError({
			message: '"More Than" must be 0 or more, and "Within (Minutes)" from 1 to 1440',
			description: 'Counters by the minute are kept for a day. Correct it in Idempotency Trigger.',
		});
	}
	const kind = context.getNodeParameter('counted', 'conflicts') as AlarmTerms['kind'];
	return { kind, threshold, minutes, namespace };
}

const MOST_MINUTES = 1_440;

/** The same after a restart, and in every main process of one n8n. A copy of the workflow, or another n8n, has a different one. */
function consumerOf(context: ITriggerFunctions): string {
	const parts = [context.getInstanceId(), context.getWorkflow().id, context.getNode().id];
	return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
