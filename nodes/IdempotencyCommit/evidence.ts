import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { ResponseOutcome } from '../../lib/results/response-outcome';
import { combineOutcomes, responseOutcome } from '../../lib/results/response-outcome';
import { comesFromErrorOutput, nodeOf } from '../shared/engine';
import { guardsBefore } from '../shared/node-types';
import type { CommitSettings } from './settings';

/** What the items of one claim say about how the action ended. */
export function outcomeOf(
	items: readonly INodeExecutionData[],
	path: PathBehind,
	settings: CommitSettings,
	retriedRun: boolean,
): ResponseOutcome {
	return combineOutcomes(
		items.map((item) =>
			responseOutcome(
				{ json: item.json, itemError: item.error, fromErrorOutput: path.endsInErrorOutput },
				{
					failedResponses: settings.failedResponses,
					unknownResponses: settings.unknownResponses,
					ownKeyPassedDownstream: settings.unknownResponses === 'release',
					lastTryOnly: path.hasRetries,
					retriedRun,
				},
			),
		),
	);
}

/** The way from the Guards to this node. */
export interface PathBehind {
	readonly endsInErrorOutput: boolean;
	/** A node on it has Retry On Fail: only its last try is seen. */
	readonly hasRetries: boolean;
}

export function pathBehind(context: IExecuteFunctions): PathBehind {
	const behindGuards = new Set(
		guardsBefore(context).flatMap(({ name }) =>
			context.getChildNodes(name).map((node) => node.name),
		),
	);
	const { name } = context.getNode();
	const between = context
		.getParentNodes(name)
		.filter((node) => behindGuards.has(node.name) && node.name !== name);
	return {
		endsInErrorOutput: comesFromErrorOutput(context),
		hasRetries: between.some((node) => nodeOf(context, node.name)?.retryOnFail === true),
	};
}
