import type { IExecuteFunctions, INode } from 'n8n-workflow';

import { canHearExecutionEnd, runViewOf } from '../shared/engine';
import type { GuardSettings } from '../shared/guard-settings';
import { callsOnce, kindOf } from './node-kinds';
import { WorkflowMap } from './workflow-map';

/** What the end of a run will not be able to say: told by a Guard and by Idempotent Webhook, before it is too late. */

type Awaiting = Pick<GuardSettings, 'awaitsCommit'>;

/** A run without Commit could never be seen to succeed. */
export function oldN8nHints(context: IExecuteFunctions, { awaitsCommit }: Awaiting): string[] {
	if (canHearExecutionEnd(context)) return [];
	const lasting =
		'This n8n does not tell nodes when an execution ends. A run that stops without Idempotency Commit therefore holds its key for the whole "Time: Claim Timeout".';
	return awaitsCommit
		? [lasting]
		: [`${lasting} Add Idempotency Commit behind the node that acts: on this n8n it is needed.`];
}

/** From this long on n8n puts an execution to sleep, and goes on with it anywhere. */
const SLEEPS_FROM_SECONDS = 65;

const SECONDS: Readonly<Record<string, number>> = {
	seconds: 1,
	minutes: 60,
	hours: 3600,
	days: 86_400,
};

/**
 * A run that sleeps goes on anywhere, and n8n tells nobody of its end: without a Commit its success could not count.
 *
 * @param output of this node, on which requests go on
 */
export function sleepHints(
	context: IExecuteFunctions,
	output: number,
	{ awaitsCommit }: Awaiting,
): string[] {
	const view = awaitsCommit ? null : runViewOf(context);
	if (view === null) return [];
	const behind = new WorkflowMap(view).nodesBehindOutput(context.getNode().name, output);
	const sleeping = [...behind].find((name) => {
		const node = view.nodes[name];
		return node !== undefined && sleeps(node);
	});
	if (sleeping === undefined) return [];
	return [
		`"${sleeping}" puts the execution to sleep, and n8n tells nobody of its end after that: the request would be held for review. Add Idempotency Commit behind what acts.`,
	];
}

function sleeps({ type, parameters, disabled }: INode): boolean {
	if (type !== 'n8n-nodes-base.wait' || disabled) return false;
	const { resume = 'timeInterval', amount, unit = 'hours' } = parameters;
	if (resume !== 'timeInterval') return true;
	return !(Number(amount) * (SECONDS[String(unit)] ?? 3600) < SLEEPS_FROM_SECONDS);
}

/** @param behind the nodes to which several requests at once go on */
export function subWorkflowHints(behind: readonly INode[]): string[] {
	const called = behind.find((node) => callsOnce(node) && kindOf(node.name, node).acts);
	if (called === undefined) return [];
	return [
		`"${called.name}" runs its sub-workflow once for all items, and n8n then only guesses which answer is whose: several requests at once would be held for review. Set its "Mode" to "Run once for each item".`,
	];
}

/** @param behind the nodes that act for a request, among others */
export function redirectHints(behind: readonly INode[]): string[] {
	const redirected = behind.find((node) => followsRedirects(node) && kindOf(node.name, node).acts);
	if (redirected === undefined) return [];
	return [
		`"${redirected.name}" follows redirects: when the second address fails, nobody can tell whether the first one acted. Switch "Redirects" off in its options if the service never redirects.`,
	];
}

function followsRedirects({ type, parameters }: INode): boolean {
	if (type !== 'n8n-nodes-base.httpRequest') return false;
	const options = parameters.options as
		| { redirect?: { redirect?: { followRedirects?: unknown } } }
		| undefined;
	return options?.redirect?.redirect?.followRedirects !== false;
}
