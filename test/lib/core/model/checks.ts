import type {
	ClaimAnswer,
	ClaimRecord,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
	Stored,
} from '../../../../lib/core/record';
import { liveRecord } from '../../../../lib/core/transitions';
import type { Run, Settings, World } from './world';
import { BASE, resultOf } from './world';

/** What the table of docs/contract.md is for, checked at every step of the model; and who may have acted by now. */
export class Checks {
	readonly problems: string[] = [];

	constructor(
		private readonly before: World,
		private readonly next: World,
		private readonly settings: Settings,
	) {}

	claimed(i: number, answer: ClaimAnswer): void {
		const { before, next, settings } = this;
		if (answer.outcome === 'conflict') {
			if (next.stored !== before.stored) this.wrong('a refused caller changed the record');
			const spent = answer.reason === 'attempts_exhausted';
			if (spent && before.began < settings.maxAttempts) {
				this.wrong('attempts are exhausted though fewer runs began');
			}
		}
		const known = recordOf(before.stored);
		if (answer.outcome !== 'new' || answer.fence === known?.fence) return;
		if (answer.fence <= before.top) this.wrong('a fence does not grow');
		next.top = Math.max(before.top, answer.fence);
		if (answer.record.attempts > settings.maxAttempts) this.wrong('more attempts than allowed');
		next.began = known === null ? 0 : before.began;
		if (answer.record.state === 'processing') next.began++;
		if (answer.takeover) this.allow((run) => run !== next.runs[i]);
		for (const run of next.runs) if (run !== next.runs[i] && run.fence > 0) run.over |= 1 << i;
		Object.assign(this.run(i), { fence: answer.fence, over: 0, overActed: 0, excused: 0 });
	}

	obeyed(i: number, order: OwnerCommand, answer: OwnerAnswer): void {
		const { before, next } = this;
		if (answer.outcome !== 'done') {
			if (next.stored !== before.stored) this.wrong('an order that was refused changed the record');
			return;
		}
		const [known, record] = [recordOf(before.stored), recordOf(next.stored)];
		if (known === null) next.began = 1;
		if (known?.state === 'pending' && record?.state === 'processing') next.began++;
		if (known?.state === 'processing' && 'nothingRan' in order && order.nothingRan) next.began--;
		if (order.type === 'finish') {
			if (order.fence < before.top) this.wrong('a late finish was believed over a newer claim');
			if (answer.recovered) this.recovered(i);
		}
		const run = this.run(i);
		const mayHaveActed = (before.acted & (1 << i)) > 0 && run.excused === 0;
		if (record?.state === 'released' && mayHaveActed)
			this.wrong('released though it may have acted');
	}

	/** The request of a run leaves. */
	sends(i: number): void {
		const { next } = this;
		const run = this.run(i);
		run.sent = 1;
		for (const other of next.runs) {
			if (other !== run && (other.over & (1 << i)) > 0) other.overActed = 1;
		}
		// A user's "Retry execution" asks nobody: what it does beside a claim is no promise of ours.
		if (run.excused > 0 || run.retried > 0) return;
		if ((next.acted & ~(1 << i)) > 0) this.wrong('a second act by a claim');
		next.acted |= 1 << i;
	}

	/** Commit hears what became of its order. */
	told(i: number, answer: OwnerAnswer): void {
		const { next } = this;
		const run = this.run(i);
		run.at = 'over';
		if (answer.outcome !== 'done' || (answer.state !== 'completed' && answer.state !== 'failed'))
			return;
		run.told = answer.state === 'completed' ? 1 : 2;
		const record = recordOf(next.stored);
		if (record?.state !== answer.state || !holds(record, i, run)) {
			this.wrong('another result is stored than the one that was saved');
		}
	}

	/** A duplicate gets what is stored: what every run was told that it had saved. */
	replayed({ runs, stored }: World): void {
		const record = recordOf(stored);
		for (const [i, run] of runs.entries()) {
			if (run.told !== 1 && run.told !== 2) continue;
			const state = run.told === 1 ? 'completed' : 'failed';
			// A refusal that its own run corrected by a completion.
			const isCorrected =
				state === 'failed' && record?.state === 'completed' && record.fence === run.fence;
			if (isCorrected || (record?.state === state && holds(record, i, run))) continue;
			this.wrong('a duplicate gets another result than the one that was saved');
		}
	}

	operated(order: OperatorCommand): void {
		const { before, next } = this;
		if (recordOf(before.stored)?.state === 'failed') this.lifeEnds();
		if (order.type === 'resolve' && order.to === 'completed') return;
		this.allow(() => true);
		next.began = 0;
		if (order.type === 'forget') this.lifeEnds();
	}

	/** Beyond its retention nothing is known of a key: that is where the promise ends. */
	passed(): void {
		if (recordOf(this.before.stored) === null || recordOf(this.next.stored) !== null) return;
		this.allow(() => true);
		this.lifeEnds();
		this.next.began = 0;
	}

	afterwards(): void {
		const [known, record] = [recordOf(this.before.stored), recordOf(this.next.stored)];
		if (known?.state === 'completed' && record !== null) {
			const same = record.state === 'completed' && record.result?.[0] === known.result?.[0];
			if (!same || record.owner !== known.owner) this.wrong('a completed result changed');
		}
		const holders = this.next.runs.filter(
			({ at, retried, lease }) =>
				retried === 0 && lease > 0 && ['ready', 'in flight', 'acted'].includes(at),
		);
		if (holders.length > 1 && holders.every(({ excused }) => excused === 0)) {
			this.wrong('two runs hold the key');
		}
	}

	/** A finish that the Guard did not see: nobody else may have acted meanwhile. */
	private recovered(i: number): void {
		const run = this.run(i);
		const others = this.next.runs.filter((_, k) => (run.over & (1 << k)) > 0);
		const acts = ['ready', 'in flight', 'acted', 'finish lost'];
		if (run.overActed > 0 || others.some(({ sent, at }) => sent > 0 || acts.includes(at))) {
			this.wrong("recovered beside another run's act");
		}
	}

	private allow(whom: (run: Run) => boolean): void {
		this.next.acted = 0;
		for (const run of this.next.runs) {
			if (whom(run) && (run.fence > 0 || run.at === 'claim lost')) run.excused = 1;
		}
	}

	private lifeEnds(): void {
		for (const run of this.next.runs) run.told = 0;
	}

	private run(i: number): Run {
		return this.next.runs[i] as Run;
	}

	private wrong(problem: string): void {
		if (!this.problems.includes(problem)) this.problems.push(problem);
	}
}

function recordOf(stored: Stored): ClaimRecord | null {
	const live = liveRecord(stored, BASE);
	return live === null || live.state === 'tombstone' ? null : live;
}

const holds = ({ result }: ClaimRecord, i: number, { retried }: Run): boolean =>
	result?.[0] === resultOf(1 + 2 * i + retried)[0];
