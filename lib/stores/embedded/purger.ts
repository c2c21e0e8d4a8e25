import type { Tables } from './tables';
import { dayOf } from '../rows/counters';

/** For so long nothing is looked for, once nothing was found. */
const REST_MS = 1_000;
const LONGEST_TURN_MS = 5;
const STATS_KEPT_MS = 400 * 24 * 3_600_000;

/**
 * Removes expired records along with writes, two for each record written and a few more, so that no delete is ever long and the
 * file doesn't outgrow what is remembered.
 */
export class Purger {
	private restUntil = 0;

	private statsPurgedOn = '';

	constructor(private readonly tables: Tables) {}

	/** One bounded step inside a write transaction; whether it removed anything. */
	purge(nowMs: number, written: number): boolean {
		if (nowMs < this.restUntil) return false;
		this.purgeStats(nowMs);
		const ids = this.tables.expired(nowMs, 2 * written + 8);
		if (ids.length === 0) {
			this.restUntil = nowMs + REST_MS;
			return false;
		}
		const turnEnd = performance.now() + LONGEST_TURN_MS;
		for (const id of ids) {
			this.tables.removeRow(id);
			if (performance.now() > turnEnd) break;
		}
		return true;
	}

	private purgeStats(nowMs: number): void {
		const today = dayOf(nowMs * 1000);
		if (today === this.statsPurgedOn) return;
		this.tables.forgetStatsBefore(dayOf((nowMs - STATS_KEPT_MS) * 1000));
		this.statsPurgedOn = today;
	}
}
