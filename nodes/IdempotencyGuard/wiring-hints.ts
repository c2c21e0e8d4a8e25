import type { IExecuteFunctions, INode } from 'n8n-workflow';

import { kindOf } from '../run-end/node-kinds';
import { isOutputConnected, runViewOf } from '../shared/engine';
import { isNodeOfType } from '../shared/node-types';
import type { GuardRun } from './guard-run';
import { OUTPUT } from './outputs';

/**
 * What is wrong with how a Guard is connected, the worst first: what acts again for a repeat, then whose sender gets a wrong answer.
 * Told in production too, since an execution shows it there.
 */
export function wiringHints(context: IExecuteFunctions, { refusedBefore }: GuardRun): string[] {
	const behindNew = nodesBehind(context, OUTPUT.new);
	const behindDuplicate = nodesBehind(context, OUTPUT.duplicate);
	const behindConflict = nodesBehind(context, OUTPUT.conflict);
	const acting = (nodes: readonly INode[]) => nodes.filter((node) => kindOf(node.name, node).acts);
	const hints: string[] = [];

	const [repeated] = acting(behindDuplicate);
	if (repeated !== undefined) {
		hints.push(
			`Duplicate leads to "${repeated.name}", which acts again for every repeat. Connect Duplicate to a node that only answers, or to nothing.`,
		);
	}
	// An alert about a conflict is fine: only what New leads to, too, is the act that must not be repeated.
	const again = acting(behindConflict).find((node) => behindNew.includes(node));
	if (again !== undefined) {
		hints.push(
			`Conflict leads to "${again.name}", to which New leads as well: it acts for requests that were refused. Connect Conflict to a node that only answers.`,
		);
	}
	const webhook = webhookOf(context);
	const mode = responseModeOf(webhook);
	hints.push(...unansweredHints(context, webhook), ...statusHints(behindDuplicate, refusedBefore));
	const toldAsSuccess = [behindConflict, ...(refusedBefore === null ? [] : [behindDuplicate])];
	if (mode === 'lastNode' && toldAsSuccess.some(endsWell)) {
		hints.push(
			'The Webhook answers "When Last Node Finishes", which has one status for all: a sender whose request is refused, here or by the service, gets a success. Set "Respond" to "Using \'Respond to Webhook\' Node", or end the branch with Stop and Error.',
		);
	}
	if (context.getMode() !== 'manual') return hints;

	if (mode === 'onReceived') {
		hints.push(
			'The Webhook answers "Immediately", before this node has checked anything. To send a duplicate the first result, set "Respond" to "Using \'Respond to Webhook\' Node".',
		);
	}
	const redirected = acting(behindNew).find(followsRedirects);
	if (redirected !== undefined) {
		hints.push(
			`"${redirected.name}" follows redirects: when the second address fails, nobody can tell whether the first one acted. Switch "Redirects" off in its options if the service never redirects.`,
		);
	}
	return hints;
}

type ResponseMode = 'onReceived' | 'lastNode' | 'responseNode' | null;

/** The Webhook that leads here. */
function webhookOf(context: IExecuteFunctions): Pick<INode, 'parameters'> | undefined {
	return context
		.getParentNodes(context.getNode().name, { includeNodeParameters: true })
		.find(({ type }) => type === 'n8n-nodes-base.webhook') as Pick<INode, 'parameters'> | undefined;
}

/** How the Webhook answers; null where there is none. */
function responseModeOf(webhook: Pick<INode, 'parameters'> | undefined): ResponseMode {
	if (webhook === undefined) return null;
	return (webhook.parameters?.responseMode as ResponseMode) ?? 'onReceived';
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
	return (
		[
			['Conflict', OUTPUT.conflict, 'A sender whose request is refused'],
			['Duplicate', OUTPUT.duplicate, 'A sender that repeats a request'],
		] as const
	).flatMap(([name, output, who]) =>
		isOutputConnected(context, output) === false
			? [`Nothing is connected to ${name}. ${who} gets ${gets}.`]
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

function followsRedirects({ type, parameters }: INode): boolean {
	if (type !== 'n8n-nodes-base.httpRequest') return false;
	const options = parameters.options as
		| { redirect?: { redirect?: { followRedirects?: unknown } } }
		| undefined;
	return options?.redirect?.redirect?.followRedirects !== false;
}

/** The nodes that an output leads to, each once, up to the next Guard. None where this n8n does not show them. */
function nodesBehind(context: IExecuteFunctions, output: number): INode[] {
	const view = runViewOf(context);
	if (view === null) return [];
	const found = new Set<INode>();
	const queue = view.targetsOf(context.getNode().name, output);
	for (const name of queue) {
		const node = view.nodes[name];
		if (node === undefined || found.has(node) || isNodeOfType(node, 'idempotencyGuard')) continue;
		found.add(node);
		queue.push(...view.allTargetsOf(name));
	}
	return [...found];
}
