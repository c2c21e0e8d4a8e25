import type { IExecuteFunctions } from 'n8n-workflow';

import { shortened } from '../../lib/guard/complaint';
import type { Prepared } from '../../lib/guard/prepare';
import type { KeyDoubts } from '../../lib/keys/key-doubts';
import { canHearExecutionEnd, isOutputConnected } from '../shared/engine';
import { commitsBehind } from '../shared/node-types';
import { OUTPUT } from './outputs';

/** Tells the user what would otherwise come as a surprise. What concerns the workflow is told only in runs from the editor. */
export function giveHints(
	context: IExecuteFunctions,
	prepared: readonly Prepared[],
	unprotected: ReadonlyArray<{ index: number; message: string }>,
): void {
	const hints = [
		...unprotectedHints(unprotected),
		...retentionHints(prepared),
		...doubtHints(prepared),
	];
	if (!canHearExecutionEnd(context)) {
		hints.push(
			'This n8n does not tell nodes when an execution ends. A run that stops without Idempotency Commit therefore holds its key for the whole "Time: Claim Timeout".',
		);
	}
	if (context.getMode() === 'manual') hints.push(...workflowHints(context, prepared));
	for (const message of hints) {
		context.addExecutionHints({ message, location: 'outputPane', type: 'warning' });
	}
}

function unprotectedHints(
	unprotected: ReadonlyArray<{ index: number; message: string }>,
): string[] {
	const [first] = unprotected;
	if (first === undefined) return [];
	const which = unprotected.length === 1 ? `Item ${first.index}` : `${unprotected.length} items`;
	return [`${which} went on unprotected: ${first.message}`];
}

function workflowHints(context: IExecuteFunctions, prepared: readonly Prepared[]): string[] {
	const hints: string[] = [];
	if (commitsBehind(context).length === 0) {
		hints.push(
			'There is no Idempotency Commit behind this node. Without it a duplicate gets no result, and each key stays taken until the claim times out.',
		);
	}
	if (prepared.some((each) => each.kind === 'claim' && each.sharedByCallers)) {
		hints.push(
			'Callers choose this key. If several customers call this webhook, add the option "Tenant": one could otherwise get the answer to another who chose the same key.',
		);
	}
	if (isOutputConnected(context, OUTPUT.conflict) === false) {
		hints.push(
			'Nothing is connected to Conflict. A sender whose request is refused would get an empty success and never try again.',
		);
	}
	const answersAtOnce = context
		.getParentNodes(context.getNode().name, { includeNodeParameters: true })
		.some(
			(node) =>
				node.type === 'n8n-nodes-base.webhook' &&
				(node.parameters?.responseMode ?? 'onReceived') === 'onReceived',
		);
	if (answersAtOnce) {
		hints.push(
			'The Webhook answers "Immediately", before this node has checked anything. To send a duplicate the first result, set "Respond" to "Using \'Respond to Webhook\' Node".',
		);
	}
	return hints;
}

function retentionHints(prepared: readonly Prepared[]): string[] {
	for (const each of prepared) {
		if (each.kind !== 'claim' || each.outlasted === null) continue;
		const { retriesForHours, rememberedHours } = each.outlasted;
		return [
			`This sender may retry for ${retriesForHours} hours, but requests are remembered for ${rememberedHours} only. Set "Remember For" to more.`,
		];
	}
	return [];
}

function doubtHints(prepared: readonly Prepared[]): string[] {
	for (const each of prepared) {
		if (each.kind !== 'claim') continue;
		// What is wrong with the key is mostly wrong with what is compared as well: it is told once.
		const ofKey = keyHints(each.doubts);
		const hints = ofKey.length > 0 ? ofKey : comparedHints(each.comparedDoubts);
		if (hints.length > 0) return hints;
	}
	return [];
}

function keyHints({ unsafeInteger, volatileField, absentWord }: KeyDoubts): string[] {
	const hints: string[] = [];
	if (unsafeInteger !== null) {
		hints.push(
			'The key holds a number above 2^53, which JSON rounds: two different numbers may count as one. Let the sender send it as text.',
		);
	}
	if (absentWord !== null) {
		hints.push(
			`The key holds the word "${absentWord}", as JavaScript writes it for a field that is not there: all items without the field share one key. Write the key as a text with parts, such as order-{{ $json.id }}, and an empty part is refused.`,
		);
	}
	if (volatileField !== null) {
		hints.push(
			`The key includes the field "${shortened(volatileField)}", which looks as if it changed with every delivery: a retry would then not be recognized. Recognize duplicates by selected fields instead.`,
		);
	}
	return hints;
}

function comparedHints(doubts: KeyDoubts | null): string[] {
	const hints: string[] = [];
	if (doubts === null) return hints;
	if (doubts.unsafeInteger !== null) {
		hints.push(
			`The field "${shortened(doubts.unsafeInteger)}", which is compared, holds a number above 2^53, which JSON rounds: a changed number may not be noticed. Let the sender send it as text.`,
		);
	}
	if (doubts.volatileField !== null) {
		hints.push(
			`The field "${shortened(doubts.volatileField)}", which is compared, looks as if it changed with every delivery: a retry would then go to Conflict. Leave it out with "Compare".`,
		);
	}
	return hints;
}
