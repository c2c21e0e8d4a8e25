import type { ResponseOutcome, ResponseRules } from '../../lib/results/response-outcome';
import { Tally } from '../../lib/results/joined-outcome';
import type { RunView } from '../shared/engine';
import type { Act } from './acts';
import { addActs, wentWell } from './acts';
import { Elsewhere, holds, isOf } from './elsewhere';
import type { RunTrace } from './run-trace';
import type { Tag } from './tags';

/** What all acts so far say of each claim of a run. It sees the run as it is when it is made. */
export class Judge {
	readonly elsewhere: Elsewhere;

	private readonly tallies = new Map<Tag, Tally>();

	private readonly stops = new Map<Tag, Tally>();

	constructor(
		readonly trace: RunTrace,
		private readonly view: RunView,
		private readonly rules: ResponseRules,
	) {
		this.elsewhere = new Elsewhere(trace, view);
	}

	/** Whether a node that acts has, or may have, begun for the claim. */
	hasActed(claim: number): boolean {
		return !isEmpty(this.trace.acts.tagsOf(claim)) || this.elsewhere.mayHaveRun(claim).length > 0;
	}

	/** Whether a run of a node was given something of the claim, or may have been. */
	mayHaveGot(claim: number, { node, run }: { readonly node: string; readonly run: number }) {
		const sources = this.view.runData[node]?.[run]?.source ?? [];
		return sources.some((source) => {
			if (source === null) return false;
			const all = this.trace.outputAt(source)?.all;
			return all === undefined ? !this.trace.knows(source) : isOf(all, claim);
		});
	}

	/** The acts that were surely for the claim. */
	actsOf(claim: number): Act[] {
		return [...this.trace.acts.tagsOf(claim)].flatMap((tag) =>
			holds(tag.yes, claim) ? this.trace.acts.of(tag) : [],
		);
	}

	/**
	 * All acts of a claim, counted.
	 *
	 * @param isAsserted whoever built the workflow says whose the items are: acts that went well are not doubted for a lost link
	 */
	tallyOf(claim: number, isAsserted = false): Tally {
		const tally = new Tally();
		for (const tag of this.trace.acts.tagsOf(claim)) {
			if (isAsserted && this.wentWell(tag)) tally.add({ outcome: 'completed', reason: '' });
			else if (holds(tag.yes, claim)) tally.addAll(this.tallyOfTag(tag));
			else tally.add(this.doubtAbout(tag));
		}
		this.addStops(tally, claim);
		for (const node of this.elsewhere.mayHaveRun(claim)) {
			tally.add(unknown(`${node}: it may have run, and nothing tells`));
		}
		return tally;
	}

	/** Items of the claim that got no further: what was to follow was not done. */
	addStops(tally: Tally, claim: number): Tally {
		for (const tag of this.trace.stops.tagsOf(claim)) tally.addAll(this.stopsOfTag(tag));
		return tally;
	}

	/** A node on the way got no answer, or failed, and the claim went on without. That tells something only where nothing acted. */
	unansweredFor(claim: number): ResponseOutcome | undefined {
		for (const tag of this.trace.stops.tagsOf(claim)) {
			const first = this.trace.stops.unansweredAt(tag);
			if (first !== undefined) return first;
		}
		return undefined;
	}

	private tallyOfTag(tag: Tag): Tally {
		let tally = this.tallies.get(tag);
		if (tally === undefined) {
			tally = new Tally();
			addActs(tally, this.trace.acts.of(tag), this.rules);
			this.tallies.set(tag, tally);
		}
		return tally;
	}

	private stopsOfTag(tag: Tag): Tally {
		let tally = this.stops.get(tag);
		if (tally === undefined) {
			tally = new Tally();
			for (const outcome of this.trace.stops.of(tag)) tally.add(outcome);
			this.stops.set(tag, tally);
		}
		return tally;
	}

	private wentWell(tag: Tag): boolean {
		return this.trace.acts.of(tag).every((act) => wentWell(act, this.rules));
	}

	private doubtAbout(tag: Tag): ResponseOutcome {
		const [first] = this.trace.acts.of(tag);
		return unknown(`${first?.by.node ?? 'a node'}: links do not tell for which items it acted`);
	}
}

const unknown = (reason: string): ResponseOutcome => ({ outcome: 'unknown', reason });

function isEmpty(values: Iterable<unknown>): boolean {
	return values[Symbol.iterator]().next().done === true;
}
