import type { IDataObject, IExecuteFunctions, INode, INodeExecutionData } from 'n8n-workflow';
import type { ClaimRecord } from '../../../lib/core/record';
import { openStore } from '../../../nodes/shared/open-store';
import { node, noOp, webhook, workflow } from '../../support/engine';
import type {
	EngineOptions,
	NodeSettings,
	RunOptions,
	RunResult,
	WorkflowJson,
} from '../../support/engine';
import { ownNodes } from '../../support/engine/own-nodes';
import { engine } from '../../workflows/nodes';
import { delivery } from '../../workflows/scenario';

/** Workflows of n8n's own nodes around an act, and what becomes of their claims. */

export const own = (options: Partial<EngineOptions> = {}) =>
	engine({
		...options,
		nodes: ownNodes(
			'aggregate',
			'emailSend',
			'executeWorkflow',
			'executeWorkflowTrigger',
			'filter',
			'graphql',
			'httpRequest',
			'if',
			'merge',
			'noOp',
			'postgres',
			'set',
			'splitInBatches',
			'splitOut',
			'wait',
		),
	});

export interface HttpSettings {
	readonly url: string;
	/** Default POST. */
	readonly method?: string;
	/** Default: the body of the request, or the item. */
	readonly body?: string;
	/** "Never Error" and "Include Response Headers and Status". */
	readonly full?: boolean;
	/** Further options of the node. */
	readonly options?: IDataObject;
}

/** n8n's HTTP Request. */
export function http(name: string, request: HttpSettings, settings: NodeSettings = {}): INode {
	const response = { response: { neverError: true, fullResponse: true } };
	return node(
		name,
		'n8n-nodes-base.httpRequest',
		{
			method: request.method ?? 'POST',
			url: request.url,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: request.body ?? '={{ $json.body ?? $json }}',
			options: { ...(request.full ? { response } : {}), ...request.options } as never,
		},
		{ typeVersion: 4.2, ...settings },
	);
}

export const splitOut = (name: string, field: string) =>
	node(name, 'n8n-nodes-base.splitOut', { fieldToSplitOut: field, options: {} });

export const loop = (name: string) =>
	node(name, 'n8n-nodes-base.splitInBatches', { batchSize: 1, options: {} }, { typeVersion: 3 });

export const aggregateAll = (name: string) =>
	node(name, 'n8n-nodes-base.aggregate', {
		aggregate: 'aggregateAllItemData',
		destinationFieldName: 'data',
		options: {},
	});

export const mergeAll = (name: string) =>
	node(name, 'n8n-nodes-base.merge', { mode: 'append' }, { typeVersion: 3 });

/** Lets through the items whose field is true. */
export const filterBy = (name: string, type: 'filter' | 'if', field: string) =>
	node(
		name,
		`n8n-nodes-base.${type}`,
		{
			conditions: {
				options: { caseSensitive: true, typeValidation: 'loose', version: 2 },
				combinator: 'and',
				conditions: [
					{
						id: '1',
						leftValue: `={{ $json.${field} }}`,
						rightValue: '',
						operator: { type: 'boolean', operation: 'true', singleValue: true },
					},
				],
			},
			options: {},
		} as never,
		{ typeVersion: 2.2 },
	);

export const code = (name: string, jsCode: string) => node(name, 'n8n-nodes-base.code', { jsCode });

/** Webhook → what is given. Chains name nodes; see `workflow`. */
export const shape = (nodes: INode[], connections: string[][]): WorkflowJson =>
	workflow({ nodes: [webhook(), ...nodes], connections });

export { noOp };

export async function run(
	json: WorkflowJson,
	items: INodeExecutionData[],
	options: RunOptions = {},
): Promise<RunResult> {
	return await own().run(json, { triggerItems: items, ...options });
}

export const deliveries = (...keys: string[]) => keys.map((key) => delivery(key));

/** The records of what a Guard let through, in its order. */
/** Execute Sub-workflow, which calls `calledWorkflow`. */
export const callOf = (mode = 'once', settings: NodeSettings = {}): INode =>
	node(
		'Call',
		'n8n-nodes-base.executeWorkflow',
		{ workflowId: { __rl: true, mode: 'id', value: 'acts' }, mode, options: {} },
		{ typeVersion: 1.3, ...settings },
	);

/** @param beside nodes that the connections name, beside the chain of the others */
export const calledWorkflow = (
	nodes: INode[],
	beside: INode[] = [],
	connections: string[][] = [],
): WorkflowJson =>
	workflow({
		id: 'acts',
		nodes: [
			node(
				'Called',
				'n8n-nodes-base.executeWorkflowTrigger',
				{ inputSource: 'passthrough' },
				{ typeVersion: 1.1 },
			),
			...nodes,
			...beside,
		],
		connections: [['Called', ...nodes.map(({ name }) => name)], ...connections],
	});

/** @param field where the Guard put its details */
export async function recordsOf(
	result: RunResult,
	guard = 'Guard',
	field = 'idempotency',
): Promise<ClaimRecord[]> {
	const { store } = await openStore({} as IExecuteFunctions, 'embedded');
	const hashes = result.json(guard).map((json) => String((json[field] as IDataObject).hash));
	return (await store.get(hashes)).map((reply) => {
		if (!reply.ok) throw reply.error;
		return reply.answer as ClaimRecord;
	});
}

export async function recordOf(
	result: RunResult,
	guard = 'Guard',
	field = 'idempotency',
): Promise<ClaimRecord> {
	const [record] = await recordsOf(result, guard, field);
	if (record === undefined) throw new Error('Nothing was claimed');
	return record;
}
