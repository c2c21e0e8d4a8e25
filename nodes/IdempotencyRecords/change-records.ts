import { setTimeout as sleep } from 'node:timers/promises';
import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type {
	ClaimRecord,
	ObservedState,
	OperatorAnswer,
	OperatorCommand,
} from '../../lib/core/record';
import { isoTime } from '../../lib/guard/words';
import { ComplaintError } from '../../lib/guard/complaint';
import { auditItem, auditLine, auditOf } from './audit';
import type { FoundRecord } from './find-records';
import { findRecords } from './find-records';
import type { RecordsRun } from './operation';
import { recordItem } from '../shared/record-item';

/** How long a run that has just failed is given to settle its own claims. */
const SETTLES_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 200;

export const forceOption: INodeProperties = {
	displayName: 'Force',
	name: 'force',
	type: 'boolean',
	default: false,
	description:
		'Whether to change a request that a living run holds, too. That run may go on to act, so that the side effect may happen twice.',
};

export const noteOption: INodeProperties = {
	displayName: 'Note',
	name: 'note',
	type: 'string',
	default: '',
	placeholder: 'e.g. Not charged, says the bank',
	description:
		'Why it is done. Kept with the record, beside the workflow, the execution and the time.',
};

export const fenceOption: INodeProperties = {
	displayName: 'Only If Fence Is',
	name: 'fence',
	type: 'string',
	default: '',
	placeholder: 'e.g. {{ $json.fence }}',
	description:
		'The number "fence" that was seen when this was decided. If another run was given the request since then, nothing is changed.',
};

/** A record that is there, as it was seen when the order was made. */
export type SeenRecord = FoundRecord & { readonly record: ClaimRecord };

export interface Change {
	/** In words: "Released". */
	readonly did: string;
	/** `line` is the audit line, for the record's reason. */
	readonly orderFor: (found: SeenRecord, line: string, force: boolean) => OperatorCommand;
	/** Whether a request that is not remembered counts as done. */
	readonly absentIsFine: boolean;
}

/** Changes all records that an item names. If one could not be changed, that becomes the item's error in the end. */
export async function changeRecords(
	run: RecordsRun,
	itemIndex: number,
	{ did, orderFor, absentIsFine }: Change,
): Promise<IDataObject[]> {
	const { context, parameters, opened } = run;
	const force = isForced(run, itemIndex);
	const audit = auditOf(run, itemIndex);
	const line = auditLine(did, audit);
	const ofExecution = parameters.get<string>('findBy', itemIndex, 'hash') === 'execution';

	const items: IDataObject[] = [];
	const failures: Failure[] = [];
	for (const found of await findSettled(run, itemIndex, ofExecution && !force)) {
		const { identity, state, record } = found;
		if (record === null) {
			if (!absentIsFine) throw new ComplaintError(absent(identity));
			items.push({ hash: identity, found: false, outcome: 'kept', state: 'absent' });
			continue;
		}
		const expected = expectedFence(run, itemIndex);
		if (expected !== null && expected !== record.fence) {
			failures.push({ found, answer: { outcome: 'changed', state } });
			continue;
		}
		const unnoted = await opened.secretKeeper?.coverAny(record.retentionMs);
		if (unnoted) throw unnoted;
		const reply = await opened.store.operate(orderFor({ ...found, record }, line, force));
		if (!reply.ok) throw reply.error;
		const { outcome, state: newState } = reply.answer;
		const settledItself = ofExecution && (outcome === 'changed' || newState === 'completed');
		if (outcome === 'changed' || outcome === 'refused') {
			if (!settledItself) failures.push({ found, answer: reply.answer });
		}
		items.push({
			...recordItem(identity, newState, record),
			previousState: state,
			outcome,
			audit: auditItem(audit),
			...(outcome === 'done' ? { reason: line } : {}),
		});
		if (outcome === 'done') {
			context.logger.info(`Idempotency Records: ${line}`, { hash: identity, previousState: state });
		}
	}
	const [first] = failures;
	if (first !== undefined) throw new ComplaintError(complaintAbout(first, failures.length));
	return items;
}

export function isForced({ parameters }: RecordsRun, itemIndex: number): boolean {
	return parameters.get<unknown>('options.force', itemIndex, false) === true;
}

interface Failure {
	readonly found: FoundRecord;
	readonly answer: OperatorAnswer;
}

/** Finds the records of an item. The end handler of an execution that has just ended settles its claims first. */
async function findSettled(
	run: RecordsRun,
	itemIndex: number,
	wait: boolean,
): Promise<FoundRecord[]> {
	const until = performance.now() + SETTLES_WITHIN_MS;
	for (;;) {
		const found = await findRecords(run, itemIndex);
		if (!wait || !found.some(({ state }) => isRunning(state)) || performance.now() >= until) {
			return found;
		}
		await sleep(LOOK_EVERY_MS);
	}
}

const isRunning = (state: ObservedState) => state === 'processing' || state === 'pending';

function expectedFence({ parameters }: RecordsRun, itemIndex: number): number | null {
	if (!parameters.has('options.fence')) return null;
	const fence = Number(parameters.get<unknown>('options.fence', itemIndex, ''));
	if (Number.isSafeInteger(fence) && fence > 0) return fence;
	throw new ComplaintError({
		message: '"Only If Fence Is" is not a fence for this item',
		description:
			'It has to be the number in the field "fence" of Idempotency Trigger, Get or List. Correct the expression, or remove the option.',
	});
}

export function absent(identity: string) {
	return {
		message: `There is no record with the hash ${identity}`,
		description:
			'The request was never seen with this key in this store, or it is forgotten or expired by now. Check "Find By", the store and the key prefix; test runs have keys of their own.',
	};
}

function complaintAbout({ found, answer }: Failure, failures: number) {
	const { identity, record } = found;
	const name = record?.key ? `"${record.key}" (${identity})` : identity;
	const more = failures > 1 ? ` And ${failures - 1} more.` : '';
	if (answer.outcome === 'changed') {
		return {
			message: `The record of ${name} changed since it was seen: it is ${answer.state} now. Nothing was done.${more}`,
			description: 'Look at it again, and decide by what it says now.',
		};
	}
	if (answer.state === 'completed') {
		return {
			message: `The request ${name} is completed: its result stays.${more}`,
			description: 'To let it act again, use the operation "Forget".',
		};
	}
	return {
		message: `The request ${name} is held by execution ${record?.executionId} of workflow ${record?.workflowId}, which is alive since ${isoTime(record?.claimedAt)}. Nothing was done.${more}`,
		description:
			'Wait until that run has ended. If you are sure that it will not act any more, set the option "Force".',
	};
}
