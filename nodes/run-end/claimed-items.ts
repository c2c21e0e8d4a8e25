import type { INodeExecutionData, ITaskData } from 'n8n-workflow';

import { looksLikeToken } from '../../lib/keys/claim-token';
import type { RunView } from '../shared/engine';
import { outputFieldOf } from '../shared/node-types';
import type { WorkflowMap } from './workflow-map';

/** What a node that grants claims says of one of its items: null where it says nothing. */
export type Grants = (
	item: INodeExecutionData,
	output: number,
	index: number,
) => { readonly token: string | null } | null;

/**
 * Which items of a task hold a claim that was granted there; null where the node grants none. A node that is no longer in the workflow
 * (it was renamed before the run was retried) is known by the tokens that its items have, and its input had not.
 */
export function claimedItems(
	view: RunView,
	map: WorkflowMap,
	node: string,
	task: ITaskData,
): Grants | null {
	const { [node]: known } = view.nodes;
	if (known === undefined) return addsTokens(task) ? newTokens(view, task) : null;
	if (!map.grantsClaims(node)) return null;
	const field = outputFieldOf(known.parameters);
	return ({ json }, output) => ({ token: output === 0 ? tokenIn(json[field]) : null });
}

function addsTokens(task: ITaskData): boolean {
	const [first] = task.data?.main?.[0] ?? [];
	return first !== undefined && tokensIn(first).length > 0;
}

function newTokens(view: RunView, task: ITaskData): Grants | null {
	const before = new Set<string>();
	for (const source of task.source) {
		if (source === null) continue;
		const { previousNode, previousNodeRun = 0, previousNodeOutput = 0 } = source;
		const items = view.runData[previousNode]?.[previousNodeRun]?.data?.main?.[previousNodeOutput];
		for (const item of items ?? []) for (const token of tokensIn(item)) before.add(token);
	}
	const isNew = (item: INodeExecutionData) => tokensIn(item).find((token) => !before.has(token));
	const [first] = task.data?.main?.[0] ?? [];
	if (first === undefined || isNew(first) === undefined) return null;
	return (item, output) => ({ token: output === 0 ? (isNew(item) ?? null) : null });
}

function tokensIn({ json }: INodeExecutionData): string[] {
	return Object.values(json).flatMap((value) => tokenIn(value) ?? []);
}

function tokenIn(details: unknown): string | null {
	const token =
		typeof details === 'object' && details !== null && 'token' in details ? details.token : null;
	return looksLikeToken(token) ? token : null;
}

/** Whether a Commit did with an item what it was to: what it failed for leaves by Overtaken or by the error output, as it came. */
export function isCommitted({ json }: INodeExecutionData, output: number): boolean {
	if (output !== 1) return output === 0;
	const { idempotency } = json;
	return typeof idempotency === 'object' && idempotency !== null && 'reason' in idempotency;
}
