import type { Reply } from '../core/reply';
import type { Store } from '../core/store';
import { OBSERVED } from '../core/store';
import { bucketsOf, partsOf } from './watch-buckets';
import { countsIn } from './watch-counts';

/** What is counted against a threshold. */
export type AlarmKind = 'conflicts' | 'duplicates' | 'missingKeys' | 'unknownOutcomes';

export interface AlarmTerms {
	readonly kind: AlarmKind;
	/** More than so many. */
	readonly threshold: number;
	/** Within so many minutes. */
	readonly minutes: number;
	/** Null: each namespace by itself. */
	readonly namespace: string | null;
}

export interface Alarm {
	readonly state: 'exceeded' | 'over';
	readonly namespace: string;
	readonly count: number;
}

/** An alarm that nobody looked at for so long is told anew. */
const HOLD_MS = 24 * 3_600_000;
const MINUTE = 60_000;

/**
 * Tells a consumer when a namespace counts more than a threshold, once, and once when it no longer does. That it was told is noted in the store,
 * so that neither a restart nor another process tells it again.
 */
export class Alarms {
	/** Told, and not over. */
	private readonly on = new Set<string>();

	/** Known not to be told. */
	private readonly off = new Set<string>();

	constructor(
		private readonly store: Store,
		private readonly consumer: string,
		private readonly terms: AlarmTerms,
	) {}

	/** What has changed since it was looked at before. */
	async look(): Promise<Reply<readonly Alarm[]>> {
		await countsIn(this.store).flush();
		const counted = await this.counts();
		if (!counted.ok) return counted;
		const counts = counted.answer;
		for (const namespace of this.on) if (!counts.has(namespace)) counts.set(namespace, 0);
		const alarms: Alarm[] = [];
		for (const [namespace, count] of counts) {
			const exceeds = count > this.terms.threshold;
			if (exceeds ? this.on.has(namespace) : this.off.has(namespace)) continue;
			const wasOn = await this.wasOn(namespace);
			if (!wasOn.ok) return wasOn;
			const until = counted.micros / 1000 + (exceeds ? HOLD_MS : 0);
			const kept = await this.store.keepNotices({
				consumer: this.consumer,
				notices: [{ notice: noticeOf(namespace), until }],
			});
			if (!kept.ok) return kept;
			const [now, before] = exceeds ? [this.on, this.off] : [this.off, this.on];
			now.add(namespace);
			before.delete(namespace);
			if (exceeds !== wasOn.answer) {
				alarms.push({ state: exceeds ? 'exceeded' : 'over', namespace, count });
			}
		}
		return { ...counted, answer: alarms };
	}

	private async wasOn(namespace: string): Promise<Reply<boolean>> {
		if (this.on.has(namespace)) return { ok: true, micros: 0, answer: true };
		const taken = await this.store.takeNotices({
			consumer: this.consumer,
			notices: [noticeOf(namespace)],
			holdMs: MINUTE,
		});
		return taken.ok ? { ...taken, answer: taken.answer.length === 0 } : taken;
	}

	/** By namespace: of all that were seen within a day, so that one that was told before a restart is found to be over. */
	private async counts(): Promise<Reply<Map<string, number>>> {
		const { kind, minutes, namespace: only } = this.terms;
		const asked = await this.store.tallied([]);
		if (!asked.ok) return asked;
		const nowMs = asked.micros > 0 ? asked.micros / 1000 : Date.now();
		const reply = await this.store.tallied(bucketsOf('minute', nowMs - HOLD_MS, nowMs));
		if (!reply.ok) return reply;
		const from = Math.floor(nowMs / MINUTE) - Math.ceil(minutes) + 1;
		const counts = new Map<string, number>();
		for (const { name, by } of reply.answer) {
			const [namespace, minute, counter] = partsOf(name);
			if (typeof namespace !== 'string' || typeof counter !== 'string') continue;
			if (only !== null && namespace !== only) continue;
			const counted = Number(minute) >= from && isOfKind(kind, counter) ? by : 0;
			counts.set(namespace, (counts.get(namespace) ?? 0) + counted);
		}
		return { ...reply, answer: counts };
	}
}

const NO_CONFLICT = new Set(['new', 'retry', 'duplicate', 'missing_key']);

/** What was only observed counts as well. */
function isOfKind(kind: AlarmKind, counted: string): boolean {
	const counter = counted.startsWith(OBSERVED) ? counted.slice(OBSERVED.length) : counted;
	switch (kind) {
		case 'duplicates':
			return counter === 'duplicate';
		case 'missingKeys':
			return counter === 'missing_key';
		case 'unknownOutcomes':
			return counter === 'unknown_outcome';
		case 'conflicts':
			return !NO_CONFLICT.has(counter);
	}
}

const noticeOf = (namespace: string) => `alarm:${namespace}`;
