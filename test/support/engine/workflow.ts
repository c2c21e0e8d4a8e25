import { createHash } from 'node:crypto';
import type { IConnections, IDataObject, INode, IPinData, IWorkflowSettings } from 'n8n-workflow';

/** A workflow as n8n exports it; the JSON files of examples/ have this shape. */
export interface WorkflowJson {
	id?: string;
	name: string;
	nodes: INode[];
	connections: IConnections;
	settings?: IWorkflowSettings;
	pinData?: IPinData;
}

/** What a node has beside its name, type and parameters (the Settings tab of the editor). */
export type NodeSettings = Partial<Omit<INode, 'name' | 'type' | 'parameters'>>;

/** The parts of a workflow that differ between tests. */
export interface WorkflowParts {
	/** Default `workflow-1`; null for a workflow that was never saved. */
	id?: string | null;
	name?: string;
	nodes: INode[];
	/**
	 * Chains of node names: `['Webhook', 'Guard', 'Charge']`. `Guard:1` leaves by output 1, `Merge@1`
	 * enters by input 1, `Loop@0:1` does both. Default: all nodes in one chain.
	 */
	connections?: string[][];
	settings?: IWorkflowSettings;
}

/** UUID-shaped and the same for the same name, as node ids are in a workflow that is run again. */
const nodeIdOf = (name: string) =>
	createHash('sha256')
		.update(name)
		.digest('hex')
		.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');

/** A node of a workflow. Retry On Fail waits 1 ms between tries unless told otherwise. */
export function node(
	name: string,
	type: string,
	parameters: INode['parameters'] = {},
	settings: NodeSettings = {},
): INode {
	return {
		id: nodeIdOf(name),
		name,
		type,
		typeVersion: 1,
		position: [0, 0],
		parameters,
		...(settings.retryOnFail ? { waitBetweenTries: 1 } : {}),
		...settings,
	};
}

const OUR_PACKAGE = 'n8n-nodes-idempotency';

/** An Idempotency Guard. */
export const guard = (
	name: string,
	parameters: INode['parameters'] = {},
	settings: NodeSettings = {},
) => node(name, `${OUR_PACKAGE}.idempotencyGuard`, inPanelOrder(parameters), settings);

const OPTIONS = [
	'compare',
	'excludeFields',
	'compareFields',
	'onInProgress',
	'maxWaitSeconds',
	'onUnknownOutcome',
];

/** A Guard's parameters where the panel has them: tests name those that are options beside the others. */
export function inPanelOrder({ options = {}, ...all }: INode['parameters']): INode['parameters'] {
	const chosen = Object.entries(all).filter(([name]) => OPTIONS.includes(name));
	const others = Object.entries(all).filter(([name]) => !OPTIONS.includes(name));
	return {
		...Object.fromEntries(others),
		options: { ...Object.fromEntries(chosen), ...(options as object) },
	};
}

/** An Idempotency Commit. */
export const commit = (
	name: string,
	parameters: INode['parameters'] = {},
	settings: NodeSettings = {},
) => node(name, `${OUR_PACKAGE}.idempotencyCommit`, parameters, settings);

/** An Idempotency Records. */
export const records = (
	name: string,
	parameters: INode['parameters'] = {},
	settings: NodeSettings = {},
) => node(name, `${OUR_PACKAGE}.idempotencyRecords`, parameters, settings);

function portOf(text: string): { name: string; input: number; output: number } {
	const [, name = '', input, output] = /^(.*?)(?:@(\d+))?(?::(\d+))?$/.exec(text) ?? [];
	return { name, input: Number(input ?? 0), output: Number(output ?? 0) };
}

function connectionsOf(chains: string[][], names: Set<string>): IConnections {
	const connections: IConnections = {};
	for (const chain of chains) {
		const ports = chain.map(portOf);
		for (const [index, to] of ports.entries()) {
			if (!names.has(to.name)) throw new Error(`No node named "${to.name}"`);
			const from = ports[index - 1];
			if (from === undefined) continue;
			const outputs = ((connections[from.name] ??= {}).main ??= []);
			while (outputs.length <= from.output) outputs.push([]);
			outputs[from.output]?.push({ node: to.name, type: 'main', index: to.input });
		}
	}
	return connections;
}

/**
 * Builds a workflow. Nodes are placed from left to right and from top to bottom in the order given:
 * where an output feeds several nodes, n8n runs the topmost first.
 */
export function workflow(parts: WorkflowParts): WorkflowJson {
	const names = parts.nodes.map(({ name }) => name);
	const { id = 'workflow-1' } = parts;
	return {
		...(id === null ? {} : { id }),
		name: parts.name ?? 'Workflow',
		nodes: parts.nodes.map((each, index) => ({
			...each,
			position: [index * 200, index * 100] as [number, number],
		})),
		connections: connectionsOf(parts.connections ?? [names], new Set(names)),
		settings: { executionOrder: 'v1', ...parts.settings },
	};
}

/** One item as n8n's Webhook node emits it. */
export function webhookItem(request: {
	body?: unknown;
	headers?: Record<string, string>;
	query?: Record<string, string>;
	params?: Record<string, string>;
	executionMode?: 'production' | 'test';
}): { json: IDataObject } {
	const json = {
		headers: { 'content-type': 'application/json', ...request.headers },
		params: request.params ?? {},
		query: request.query ?? {},
		body: request.body ?? {},
		webhookUrl: 'http://localhost:5678/webhook/orders',
		executionMode: request.executionMode ?? 'production',
	};
	return { json: json as IDataObject };
}
