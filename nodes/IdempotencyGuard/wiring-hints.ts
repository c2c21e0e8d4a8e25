import type { IExecuteFunctions, INode } from 'n8n-workflow';

import { kindOf } from '../run-end/node-kinds';
import { isOutputConnected } from '../shared/engine';
import { nodesBehind } from '../shared/nodes-behind';
import type { GuardRun } from './guard-run';
import { ERROR_OUTPUT, OUTPUT } from './outputs';
import { responseModeOf, webhooksBefore } from './webhook-before';

/** A repeat, or a refused request, leads to what acts: told in production too, since an execution shows it there. */
export function actsAgainHints(context: IExecuteFunctions): string[] {
	const hints: string[] = [];
	const behindDuplicate = nodesBehind(context, OUTPUT.duplicate);
	const [repeated] = acting(behindDuplicate);
	if (repeated !== undefined) {
		hints.push(
			`Duplicate leads to "${repeated.name}", which acts again for every repeat. Connect Duplicate to a node that only answers, or to nothing.`,
		);
	}
	const behindNew = nodesBehind(context, OUTPUT.new);
	// An alert about a refusal is fine: only what New leads to, too, is the act that must not be repeated.
	const again = (output: number) =>
		acting(nodesBehind(context, output)).find((node) => behindNew.includes(node));
	const refused = again(OUTPUT.conflict);
	if (refused !== undefined) {
		hints.push(
			`Conflict leads to "${refused.name}", to which New leads as well: it acts for requests that were refused. Connect Conflict to a node that only answers.`,
		);
	}
	const hasErrorOutput = context.getNode().onError === 'continueErrorOutput';
	const unchecked = hasErrorOutput ? again(ERROR_OUTPUT) : undefined;
	if (unchecked !== undefined) {
		hints.push(
			`The error output leads to "${unchecked.name}", to which New leads as well: it acts for requests that could not be checked. Connect the error output to a node that only tells somebody.`,
		);
	}
	return hints;
}

const acting = (nodes: readonly INode[]) => nodes.filter((node) => kindOf(node.name, node).acts);

/** A sender gets a wrong answer, or none: told in production too. */
export function answerHints(
	context: IExecuteFunctions,
	{ refusedBefore }: Pick<GuardRun, 'refusedBefore'>,
): string[] {
	const behindDuplicate = nodesBehind(context, OUTPUT.duplicate);
	const [webhook] = webhooksBefore(context);
	const hints = [
		...unansweredHints(context, webhook),
		...statusHints(behindDuplicate, refusedBefore),
	];
	const toldAsSuccess = [
		nodesBehind(context, OUTPUT.conflict),
		...(refusedBefore === null ? [] : [behindDuplicate]),
	];
	if (responseModeOf(webhook) === 'lastNode' && toldAsSuccess.some(endsWell)) {
		hints.push(
			'The Webhook answers "When Last Node Finishes", which has one status for all: a sender whose request is refused, here or by the service, gets a success. Set "Respond" to "Using \'Respond to Webhook\' Node", or end the branch with Stop and Error.',
		);
	}
	return hints;
}

/** Fine for most senders, and good to know while a workflow is built. */
export function earlyAnswerHints(context: IExecuteFunctions): string[] {
	const [webhook] = webhooksBefore(context);
	if (responseModeOf(webhook) !== 'onReceived') return [];
	return [
		'The Webhook answers "Immediately", before this node has checked anything. To send a duplicate the first result, set "Respond" to "Using \'Respond to Webhook\' Node".',
	];
}

/** What n8n sends where nothing is connected, by "Response Data" of "When Last Node Finishes"; else an error 500. */
const SENT_WITHOUT_ITEM: Readonly<Record<string, string>> = {
	allEntries: 'an empty list as a success, and never tries again',
	noData: 'an empty success, and never tries again',
};

function unansweredHints(
	context: IExecuteFunctions,
	webhook: Pick<INode, 'parameters'> | undefined,
): string[] {
	const mode = responseModeOf(webhook);
	if (mode !== 'responseNode' && mode !== 'lastNode') return [];
	const gets =
		mode === 'responseNode'
			? 'an empty success, and never tries again'
			: (SENT_WITHOUT_ITEM[String(webhook?.parameters?.responseData)] ??
				'an error 500 ("No item to return was found")');
	const mend =
		mode === 'responseNode'
			? 'Connect it to a Respond to Webhook.'
			: 'Connect it to a Respond to Webhook, and set "Respond" of the Webhook to "Using \'Respond to Webhook\' Node".';
	return (
		[
			['Conflict', OUTPUT.conflict, 'A sender whose request is refused'],
			['Duplicate', OUTPUT.duplicate, 'A sender that repeats a request'],
		] as const
	).flatMap(([name, output, who]) =>
		isOutputConnected(context, output) === false
			? [`Nothing is connected to ${name}. ${who} gets ${gets}. ${mend}`]
			: [],
	);
}

/** A plain Respond to Webhook answers 200, whatever the first answer was. */
function statusHints(behindDuplicate: readonly INode[], refusedBefore: number | null): string[] {
	if (refusedBefore === null) return [];
	const plain = behindDuplicate.find(
		({ type, parameters }) =>
			type === 'n8n-nodes-base.respondToWebhook' &&
			(parameters.options as { responseCode?: unknown } | undefined)?.responseCode === undefined,
	);
	if (plain === undefined) return [];
	return [
		`The first answer was ${refusedBefore}, but "${plain.name}" answers 200. Add its option "Response Code" with {{ $json.statusCode ?? 200 }}.`,
	];
}

/** A branch after which the Webhook answers as after any other: one that Stop and Error ends gives the sender an error. */
const endsWell = (branch: readonly INode[]) =>
	branch.length > 0 && !branch.some(({ type }) => type === 'n8n-nodes-base.stopAndError');
