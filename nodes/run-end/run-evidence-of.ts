import type { ExecutionError, IExecuteFunctions, IRunData } from 'n8n-workflow';

import type { NodeRun, RunError, RunEvidence } from './run-evidence';
import { howRunEnded } from './run-evidence';
import { nodeOf, pendingNodes, runErrorOf, targetsOf } from '../shared/engine';
import { isNodeOfType, isOurs } from '../shared/node-types';
import type { ClaimItem, TracedTask } from './trace-claim';
import { traceClaim } from './trace-claim';

/** What n8n's run data says about one claim at the end of its execution. */
export function runEvidenceOf(
	context: IExecuteFunctions,
	runData: IRunData,
	claim: ClaimItem,
	claimsGranted: number,
): RunEvidence {
	const traced = traceClaim(runData, claim);
	const runs = traced.map((each) => nodeRunOf(context, each));
	const error = runErrorOf(context);
	return {
		ended: howRunEnded({
			cancelSignalled: context.getExecutionCancelSignal()?.aborted ?? false,
			error,
		}),
		claimsGranted,
		startedAfterGuard: [...runs, ...unseenRuns(context, runData, claim, traced)],
		...(error === undefined ? {} : { error: errorEvidence(error, traced) }),
	};
}

function nodeRunOf(context: IExecuteFunctions, { node, task, inputs }: TracedTask): NodeRun {
	const came = inputs.flat();
	return {
		...staticFactsOf(context, node),
		status: task.error === undefined ? (task.executionStatus ?? 'unseen') : 'error',
		itemsIn: came.includes('maybe') ? null : came.filter((each) => each === 'yes').length,
		itemsOut: (task.data?.main ?? []).reduce((sum, items) => sum + (items?.length ?? 0), 0),
		onThisPath: came.some((each) => each !== 'no'),
	} as NodeRun;
}

function staticFactsOf(context: IExecuteFunctions, name: string) {
	const node = nodeOf(context, name);
	const type = node?.type ?? '';
	return {
		node: name,
		type,
		leadsToCommit: context
			.getChildNodes(name)
			.some((child) => isNodeOfType(child, 'idempotencyCommit') && !child.disabled),
		retryOnFail: node?.retryOnFail === true,
		executeOnce: node?.executeOnce === true,
		ours: isOurs({ type }),
	};
}

/** Nodes that were handed items, and neither left a trace nor wait for their turn: they may have run. */
function unseenRuns(
	context: IExecuteFunctions,
	runData: IRunData,
	claim: ClaimItem,
	traced: readonly TracedTask[],
): NodeRun[] {
	const pending = pendingNodes(context);
	const emitters = [
		{
			node: claim.node,
			run: claim.run,
			outputs: runData[claim.node]?.[claim.run]?.data?.main ?? [],
		},
		...traced.map(({ node, run, task }) => ({ node, run, outputs: task.data?.main ?? [] })),
	];
	return emitters.flatMap(({ node, run, outputs }) =>
		outputs.flatMap((items, output) =>
			items === null || items.length === 0
				? []
				: targetsOf(context, node, output)
						.filter((target) => !pending.has(target) && !hasRunFor(target, node, run, output))
						.map(
							(target): NodeRun => ({
								...staticFactsOf(context, target),
								status: 'unseen',
								itemsIn: null,
								itemsOut: 0,
								onThisPath: true,
							}),
						),
		),
	);

	function hasRunFor(target: string, node: string, run: number, output: number): boolean {
		return (runData[target] ?? []).some((task) =>
			task.source.some(
				(source) =>
					source?.previousNode === node &&
					(source.previousNodeRun ?? 0) === run &&
					(source.previousNodeOutput ?? 0) === output,
			),
		);
	}
}

function errorEvidence(error: ExecutionError, traced: readonly TracedTask[]): RunError {
	const name = 'node' in error ? error.node?.name : undefined;
	const failedRun = traced.findLastIndex(
		({ node, task }) => task.error !== undefined && (name === undefined || node === name),
	);
	const itemIndex: unknown = 'context' in error ? error.context?.itemIndex : undefined;
	const membership =
		typeof itemIndex === 'number' ? traced[failedRun]?.inputs[0]?.[itemIndex] : undefined;
	return {
		failedRun: failedRun === -1 ? null : failedRun,
		names: membership === 'yes' ? 'this claim' : membership === 'no' ? 'another' : 'none',
		error,
	};
}
