import type { IExecuteFunctions } from 'n8n-workflow';

import type { OwnerCommand } from '../../lib/core/record';
import type { OpenStore } from '../../lib/guard/opened-store';
import { Turns } from '../../lib/guard/turns';
import type { ResponseRules } from '../../lib/results/response-outcome';
import { claimEndOf, withRest } from '../run-end/claim-end';
import { ResultEncoder } from '../run-end/encode-items';
import type { RunReading } from '../run-end/end-reader';
import { readRun, runEndedOf } from '../run-end/end-reader';
import type { KeptPart } from '../run-end/kept-parts';
import { keepPart, takeParts } from '../run-end/kept-parts';
import type { LinkedItems } from '../run-end/linked-items';
import type { Part } from '../run-end/run-trace';
import { commandInSlices } from '../../lib/guard/command-with-retries';
import { isPutToWait } from '../shared/engine';
import type { ClaimWithItems } from './claim-with-items';
import type { Ending } from './commands';
import { Commands } from './commands';
import type { CommitSettings } from './commit-settings';
import { partsOf, rulesOf, tallyOfParts } from './verdict';

/** A claim of which a part was given to this run of Commit, while others are still elsewhere. */
interface CommitPart extends KeptPart {
	readonly context: IExecuteFunctions;
	readonly settings: CommitSettings;
	readonly opened: OpenStore;
	readonly part: ClaimWithItems;
}

/** Keeps a claim until its last part has come, or the run has ended. */
export function keepOpen(
	context: IExecuteFunctions,
	settings: CommitSettings,
	opened: OpenStore,
	part: ClaimWithItems,
): void {
	const { claim, ownRun } = part;
	const { identity, owner, fence, remains } = claim;
	const kept: CommitPart = { identity, context, settings, opened, part };
	const isFirst = keepPart(context, kept);
	const isWaiting = () => isPutToWait(context);
	const { claimTimeoutMs } = remains;
	opened.leases.keep([{ identity, owner, fence, ownRun, claimTimeoutMs, isWaiting }]);
	if (isFirst) context.onExecutionFinish?.(async () => await settleParts(context));
}

/** At the end of the run: what did not come any more is read from the run data. */
async function settleParts(context: IExecuteFunctions): Promise<void> {
	const byStore = new Map<OpenStore['store'], CommitPart[]>();
	for (const kept of takeParts(context) as CommitPart[]) {
		const parts = byStore.get(kept.opened.store);
		if (parts === undefined) byStore.set(kept.opened.store, [kept]);
		else parts.push(kept);
	}
	const turns = new Turns();
	const readings = new Map<string, Promise<RunReading | null>>();
	for (const [store, parts] of byStore) {
		for (const { part, opened } of parts) {
			opened.leases.drop({ ...part.claim, ownRun: part.ownRun });
		}
		await commandInSlices(
			store,
			parts.length,
			async (index) => await commandFor(parts[index]),
			turns,
		);
	}

	async function commandFor(kept: CommitPart | undefined): Promise<OwnerCommand> {
		if (kept === undefined) throw new RangeError('There is no such claim');
		const { settings, opened, part } = kept;
		const rules = rulesOf(settings, part.ownRun);
		const key = JSON.stringify(rules);
		const reading = readings.get(key) ?? readRun(context, rules, turns);
		readings.set(key, reading);
		const encoder = new ResultEncoder(kept.context, settings, opened.secret);
		const commands = new Commands(kept.context, settings, encoder, () => undefined);
		const ending = endOf(kept, await reading, rules);
		const reason = `The run of ${new Date().toISOString()} ${ending.reason}`;
		return await commands.end(part.claim, part.ownRun, { ...ending, reason });
	}
}

function endOf(
	{ context, part }: CommitPart,
	reading: RunReading | null,
	rules: ResponseRules,
): Ending {
	const { number } = part;
	if (reading === null || number === undefined) {
		return { outcome: 'unknown', reason: 'ended in a way nobody saw', items: null };
	}
	const { judge } = reading;
	const items = resultOf(reading, number, []);
	const ended = runEndedOf(context);
	const { tally, isTold } = tallyOfParts(context, judge, number, rules);
	const hasMore = judge.tallyOf(number).total > 0;
	if (ended.how === 'success' && (isTold || !hasMore)) {
		const outcome = withRest(judge, number, true, judge.addStops(tally, number)).joined();
		return { ...outcome, reason: `succeeded: ${outcome.reason}`, items };
	}
	return { ...claimEndOf(judge, number, ended, true), items };
}

/** All items of a claim that came to a Commit: null where one of them may not be kept for it. */
export function resultOf(
	{ judge, results }: RunReading,
	claim: number,
	now: ReadonlyArray<Pick<Part, 'item' | 'tag'>>,
): LinkedItems {
	const all = [...partsOf(judge, claim), ...now];
	return all.every(({ tag }) => results.maySee(tag, claim)) ? all.map(({ item }) => item) : null;
}
