import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';
import { commit, guard, http, noOp, webhook, webhookItem, workflow } from '../support/engine';
import type { NodeSettings, RunResult, WorkflowJson } from '../support/engine';
import { until } from '../support/until';

/** What differs between tests of the same storm: Webhook → Guard → Charge → Commit. */
export interface ChargeParts {
	/** The workflow's id; default `workflow-1`, null where it was never saved. */
	id?: string | null;
	/** Nodes between the webhook and the Guard, in a chain. */
	before?: INode[];
	guard?: INode['parameters'];
	guardSettings?: NodeSettings;
	/** Changes of the request that Charge sends. */
	charge?: Partial<Parameters<typeof http>[1]>;
	chargeSettings?: NodeSettings;
	/** A chain of nodes in the place of Charge. */
	act?: INode[];
	commit?: INode['parameters'];
	commitSettings?: NodeSettings;
	webhook?: INode['parameters'];
}

/**
 * Webhook → Guard → Charge → Commit → Committed. Every other output ends in a node of its own name: Duplicate, Conflict, Error
 * (the Guard's own error output), Overtaken, Unsaved (Commit's error output). Charge's error output leads to Commit as well.
 */
export function chargeWorkflow(url: string, parts: ChargeParts = {}): WorkflowJson {
	const act = parts.act ?? [
		http(
			'Charge',
			{ url, fullResponse: true, body: '={{ $json.body }}', ...parts.charge },
			parts.chargeSettings,
		),
	];
	const before = parts.before ?? [];
	const ends = ['Duplicate', 'Conflict', 'Error', 'Committed', 'Overtaken', 'Unsaved'];
	const names = (nodes: INode[]) => nodes.map(({ name }) => name);
	return workflow({
		...(parts.id === undefined ? {} : { id: parts.id }),
		nodes: [
			webhook('Webhook', { responseMode: 'responseNode', ...parts.webhook }),
			...before,
			guard('Guard', parts.guard, parts.guardSettings),
			...act,
			commit('Commit', parts.commit, parts.commitSettings),
			...ends.map((name) => noOp(name)),
		],
		connections: [
			['Webhook', ...names(before), 'Guard', ...names(act), 'Commit', 'Committed'],
			['Guard:1', 'Duplicate'],
			['Guard:2', 'Conflict'],
			['Guard:3', 'Error'],
			...act
				.filter(({ onError }) => onError === 'continueErrorOutput')
				.map(({ name }) => [`${name}:1`, 'Commit']),
			['Commit:1', 'Overtaken'],
			['Commit:2', 'Unsaved'],
		],
	});
}

/** A delivery with an Idempotency-Key, as n8n's Webhook node emits it. */
export const delivery = (key: string, body: IDataObject = {}): INodeExecutionData =>
	webhookItem({ body: { key, ...body }, headers: { 'idempotency-key': key } });

/** The `idempotency` object of an item that a node put out or got. */
export function detailsOf(result: RunResult, node: string, output = 0, item = 0): IDataObject {
	return (result.json(node, output)[item]?.idempotency ?? {}) as IDataObject;
}

/** What each item of the Guard's outputs New, Duplicate, Conflict and Error is. */
export const routed = (result: RunResult): number[] => {
	const counts = result.counts('Guard');
	return [0, 1, 2, 3].map((output) => counts[output] ?? 0);
};

/** A key that no other test of the file has. */
let keys = 0;
export const newKey = (): string => `key-${++keys}`;

/** Resolves once the condition holds; rejects after a minute or as long as is said. */
export async function eventually(condition: () => boolean, withinMs = 60_000): Promise<void> {
	await until('what the test waits for', condition, withinMs);
}
