import type { IExecuteFunctions } from 'n8n-workflow';

import { shortened } from '../../lib/guard/complaint';
import { nameOfAlike } from '../../lib/guard/refusal';
import { isoTime } from '../../lib/guard/words';
import type { ClaimableItem, Prepared } from '../../lib/guard/prepare';
import type { KeyDoubts } from '../../lib/keys/key-doubts';
import { keyDoubtsOf } from '../../lib/keys/key-doubts';
import { oldN8nHints, redirectHints, sleepHints, subWorkflowHints } from '../run-end/run-hints';
import { fixedKeyHints, keyHints, outlastedHint } from '../shared/key-hints';
import { nodesBehind } from '../shared/nodes-behind';
import type { GuardRun } from './guard-run';
import { OUTPUT } from './outputs';
import { refusedSignatureHints, unverifiedHints } from './signature-hints';
import { actsAgainHints, answerHints, earlyAnswerHints } from './wiring-hints';

/** More would not be read. */
const MOST_HINTS = 3;

/** Tells the user what would otherwise come as a surprise, the worst first. What only a person can mend now is told in test runs alone. */
export function giveHints(context: IExecuteFunctions, run: GuardRun): void {
	const isManual = context.getMode() === 'manual';
	const warnings = [
		...unprotectedHints(run.unprotected),
		...refusedSignatureHints(run.refusedSignatures),
		...keylessHints(run.keyless),
		...oldN8nHints(context, run.settings),
		...sleepHints(context, OUTPUT.new, run.settings),
		...(run.granted > 1 ? subWorkflowHints(nodesBehind(context, OUTPUT.new)) : []),
		...actsAgainHints(context),
		...fixedKeyHints(context.getNode()),
		...answerHints(context, run),
		...alikeHints(run),
		...retentionHints(run.prepared),
		...doubtHints(run.prepared),
		...(isManual
			? [...unverifiedHints(context, context.getInputData()), ...callerHints(run.prepared)]
			: []),
	];
	const notes = isManual
		? [
				...testRunHints(run),
				...earlyAnswerHints(context),
				...redirectHints(nodesBehind(context, OUTPUT.new)),
			]
		: [];
	const hints = [
		...warnings.map((message) => ({ message, type: 'warning' as const })),
		...notes.map((message) => ({ message, type: 'info' as const })),
	];
	for (const hint of hints.slice(0, MOST_HINTS)) {
		context.addExecutionHints({ ...hint, location: 'outputPane' });
	}
}

function unprotectedHints(unprotected: GuardRun['unprotected']): string[] {
	const [first] = unprotected;
	if (first === undefined) return [];
	const which = unprotected.length === 1 ? `Item ${first.index}` : `${unprotected.length} items`;
	return [`${which} went on unprotected: ${first.message}`];
}

function keylessHints(keyless: number): string[] {
	if (keyless === 0) return [];
	const which = keyless === 1 ? 'One event has' : `${keyless} events have`;
	return [
		`${which} no delivery ID and went to Conflict; the others of the same request went on. To let such events run unchecked, set "When the Key Is Missing" to "Continue Unprotected".`,
	];
}

function alikeHints({ alike, unlooked, granted }: GuardRun): string[] {
	const hints: string[] = [];
	const [known] = alike;
	if (known !== undefined) {
		const { index, first } = known;
		const which =
			alike.length === 1
				? `The same content as that of item ${index}`
				: `${alike.length} of ${granted} new items went on though the same content had come before. That of item ${index}`;
		hints.push(
			`${which} came at ${isoTime(first.firstSeenAt)} under ${nameOfAlike(first)}, and went on again now. If it is the same request, set "Same Content Under Another Key" to "Answer Conflict"; where two customers may say the same, first choose in "Compare" what tells them apart.`,
		);
	}
	if (unlooked !== null) {
		hints.push(
			`Whether the same content came before under another key could not be seen: ${unlooked.message}`,
		);
	}
	return hints;
}

function testRunHints({ settings, granted }: GuardRun): string[] {
	if (!settings.isTestRun || granted === 0 || settings.awaitsCommit) return [];
	return [
		'This was a test run: it gives its keys back at once, so executing it again gives New again. In production a request counts as handled when its workflow succeeds. To see Duplicate here, add Idempotency Commit and execute the workflow twice.',
	];
}

function callerHints(prepared: readonly Prepared[]): string[] {
	if (!prepared.some((each) => each.kind === 'claim' && each.sharedByCallers)) return [];
	return [
		'Callers choose this key. If several customers call this webhook, add the option "Tenant": one could otherwise get the answer to another who chose the same key.',
	];
}

function retentionHints(prepared: readonly Prepared[]): string[] {
	for (const each of prepared) {
		if (each.kind !== 'claim' || each.outlasted === null) continue;
		const { retriesForHours, rememberedHours } = each.outlasted;
		return [outlastedHint(retriesForHours, rememberedHours)];
	}
	return [];
}

function doubtHints(prepared: readonly Prepared[]): string[] {
	for (const each of prepared) {
		if (each.kind !== 'claim') continue;
		// What is wrong with the key is mostly wrong with what is compared as well: it is told once.
		const ofKey = keyHints(each.doubts);
		const hints = ofKey.length > 0 ? ofKey : comparedHints(comparedDoubtsOf(each));
		if (hints.length > 0) return hints;
	}
	return [];
}

/** Only asked for where it may be told: a large body takes a while to look through. */
const comparedDoubtsOf = ({ compared }: ClaimableItem): KeyDoubts | null =>
	compared === null ? null : keyDoubtsOf(compared.value);

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
