import type { IExecuteFunctions } from 'n8n-workflow';

import type { Turns } from '../../lib/guard/turns';
import type { ResponseOutcome } from '../../lib/results/response-outcome';
import type { RunReading } from '../run-end/end-reader';
import { readRun } from '../run-end/end-reader';
import type { LinkedItems } from '../run-end/linked-items';
import { canHearExecutionEnd } from '../shared/engine';
import type { ClaimWithItems } from './claim-with-items';
import type { Ending } from './commands';
import { resultOf } from './parts';
import type { CommitSettings } from './commit-settings';
import { rulesOf, verdictOf } from './verdict';

/** What the run so far says of the claims that came to this run of Commit. */
export class Judges {
	private readonly readings = new Map<boolean, Promise<RunReading | null>>();

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly settings: CommitSettings,
		private readonly turns: Turns,
	) {}

	/** Whether something of the claim is still to come to a Commit. Where nobody tells of the run's end, each part ends as it comes. */
	async isElsewhere({ number, foundBy, ownRun }: ClaimWithItems): Promise<boolean> {
		if (number === undefined || foundBy !== 'link' || !canHearExecutionEnd(this.context))
			return false;
		const reading = await this.reading(ownRun);
		return reading?.judge.elsewhere.leadsToCommit(number) ?? false;
	}

	async endingOf(claim: ClaimWithItems): Promise<Ending> {
		const reading = await this.reading(claim.ownRun);
		const seen = verdictOf(this.context, this.settings, reading?.judge ?? null, claim);
		const outcome = this.goesOn(reading, claim, seen) ? yetToAct(seen) : seen;
		return { ...outcome, items: resultFor(reading, claim) };
	}

	/** Whether a node that acts has surely succeeded for the claim. */
	async hasSucceeded({ number, ownRun }: ClaimWithItems): Promise<boolean> {
		const reading = number === undefined ? null : await this.reading(ownRun);
		return number !== undefined && reading?.judge.tallyOf(number).hasCompleted === true;
	}

	/** Whether another branch is still to act for a claim that would be given back: then the next delivery would do that again. */
	private goesOn(
		reading: RunReading | null,
		{ number }: ClaimWithItems,
		{ outcome }: ResponseOutcome,
	): boolean {
		if (outcome !== 'released' || this.settings.operation !== 'save') return false;
		return number !== undefined && reading?.judge.elsewhere.leadsToAct(number) === true;
	}

	private async reading(ownRun: boolean): Promise<RunReading | null> {
		let reading = this.readings.get(ownRun);
		if (reading === undefined) {
			reading = readRun(this.context, rulesOf(this.settings, ownRun), this.turns);
			this.readings.set(ownRun, reading);
		}
		return await reading;
	}
}

const yetToAct = ({ reason, statusCode }: ResponseOutcome): ResponseOutcome => ({
	outcome: 'unknown',
	reason: `${reason}; another branch is still to act`,
	...(statusCode === undefined ? {} : { statusCode }),
});

/** The items to keep. What was found as the only open claim is not known to be its own; what the option says is. */
function resultFor(
	reading: RunReading | null,
	{ number, foundBy, items, tags }: ClaimWithItems,
): LinkedItems {
	if (foundBy === 'context') return null;
	if (reading === null || number === undefined) return items;
	if (foundBy === 'option') {
		const isShared = tags.some((tag) => !reading.results.mayAssert(tag, number));
		return isShared ? null : items;
	}
	const now = items.flatMap((item, i) => {
		const tag = tags[i];
		return tag === undefined ? [] : [{ item, tag }];
	});
	return resultOf(reading, number, now);
}
