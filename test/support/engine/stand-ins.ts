import { NodeOperationError } from 'n8n-workflow';
import type {
	IDataObject,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	INodeType,
	IPairedItemData,
} from 'n8n-workflow';
import { parameter, standIn } from './stand-in';
import { httpRequestType } from './stand-in-http';
import { loopType } from './stand-in-loop';
import { node } from './workflow';
import type { NodeSettings } from './workflow';

export { http } from './stand-in-http';
export { loop } from './stand-in-loop';

/**
 * How the items of the Code stand-in are linked to its input. `kept`: what is returned keeps its link,
 * and an item without one is linked to the input item of its index. `none`: no links, as Code
 * returns new objects; where the counts are equal, n8n then links by index all the same.
 * `broken`: links that lead nowhere. `all`: each item stands for all input items.
 */
export type Links = 'kept' | 'none' | 'broken' | 'all';

/** What a Code stand-in runs; `this` of a node as the second argument. */
export type Script = (
	items: INodeExecutionData[],
	context: IExecuteFunctions,
) => INodeExecutionData[] | Promise<INodeExecutionData[]>;

/** Functions do not fit into a workflow's JSON: nodes name them by index. */
const scripts: Script[] = [];

function linkOf(links: Links, item: INodeExecutionData, index: number, inputs: number) {
	if (links === 'none') return undefined;
	if (links === 'broken') return { item: inputs + index };
	if (links === 'all') return Array.from({ length: inputs }, (_, each) => ({ item: each }));
	return item.pairedItem ?? (index < inputs ? { item: index } : undefined);
}

const codeType = standIn('code', {
	properties: [parameter('script', 0), parameter('links', 'kept'), parameter('jsCode')],
	async execute() {
		const items = this.getInputData();
		const script = scripts[this.getNodeParameter('script', 0) as number];
		const links = this.getNodeParameter('links', 0) as Links;
		const returned = (await script?.(items, this)) ?? [];
		return [
			returned.map((item, index) => {
				const pairedItem: IPairedItemData | IPairedItemData[] | number | undefined = linkOf(
					links,
					item,
					index,
					items.length,
				);
				return { ...item, pairedItem };
			}),
		];
	},
});

const switchType = standIn('switch', {
	outputs: '={{ Array.from({ length: $parameter.outputs }, () => "main") }}',
	properties: [parameter('script', 0), parameter('outputs', 2)],
	async execute() {
		const outputs: INodeExecutionData[][] = Array.from(
			{ length: this.getNodeParameter('outputs', 0) as number },
			() => [],
		);
		const route = routes[this.getNodeParameter('script', 0) as number];
		for (const item of this.getInputData()) outputs[route?.(item) ?? 0]?.push(item);
		return outputs;
	},
});

const routes: Array<(item: INodeExecutionData) => number> = [];

const aggregateType = standIn('aggregate', {
	properties: [parameter('destinationFieldName', 'data')],
	async execute() {
		const items = this.getInputData();
		const field = this.getNodeParameter('destinationFieldName', 0) as string;
		const pairedItem = items.map((_, item) => ({ item }));
		return [[{ json: { [field]: items.map(({ json }) => json) }, pairedItem }]];
	},
});

const mergeType = standIn('merge', {
	inputs: 2,
	requiredInputs: 1,
	async execute() {
		return [[...this.getInputData(0), ...this.getInputData(1)]];
	},
});

/** Below this n8n's Wait node stays in memory; from here on the execution goes to the database. */
const WAIT_IN_DATABASE_FROM_MS = 65_000;

const waitType = standIn('wait', {
	properties: [parameter('amount', 0)],
	async execute() {
		const milliseconds = (this.getNodeParameter('amount', 0) as number) * 1000;
		if (milliseconds >= WAIT_IN_DATABASE_FROM_MS) {
			await this.putExecutionToWait(new Date(Date.now() + milliseconds));
		} else {
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, milliseconds);
				this.onExecutionCancellation(() => {
					clearTimeout(timer);
					resolve();
				});
			});
		}
		return [this.getInputData()];
	},
});

const respondType = standIn('respondToWebhook', {
	properties: [parameter('responseBody', {}), parameter('responseCode', 200)],
	async execute() {
		await this.sendResponse({
			body: this.getNodeParameter('responseBody', 0) as IDataObject,
			headers: {},
			statusCode: this.getNodeParameter('responseCode', 0) as number,
		});
		return [this.getInputData()];
	},
});

const executeWorkflowType = standIn('executeWorkflow', {
	properties: [parameter('workflowId')],
	async execute() {
		const id = this.getNodeParameter('workflowId', 0) as string;
		const { data } = await this.executeWorkflow({ id }, this.getInputData());
		return data.map((items) => items ?? []);
	},
});

const stopAndErrorType = standIn('stopAndError', {
	properties: [parameter('errorMessage', 'stopped')],
	async execute() {
		throw new NodeOperationError(
			this.getNode(),
			this.getNodeParameter('errorMessage', 0) as string,
		);
	},
});

const noOpType = standIn('noOp', {
	async execute() {
		return [this.getInputData()];
	},
});

/** The stand-ins under the names of n8n's own nodes, so that what decides by type name is tested too. */
export const standIns: Record<string, INodeType> = {
	'n8n-nodes-base.webhook': standIn('webhook', {
		trigger: true,
		properties: [
			parameter('path', 'orders'),
			parameter('authentication', 'none'),
			parameter('responseMode', 'onReceived'),
			parameter('responseData', 'firstEntryJson'),
		],
	}),
	'n8n-nodes-base.executeWorkflowTrigger': standIn('executeWorkflowTrigger', { trigger: true }),
	'n8n-nodes-base.code': codeType,
	'n8n-nodes-base.switch': switchType,
	'n8n-nodes-base.httpRequest': httpRequestType,
	'n8n-nodes-base.aggregate': aggregateType,
	'n8n-nodes-base.merge': mergeType,
	'n8n-nodes-base.splitInBatches': loopType,
	'n8n-nodes-base.wait': waitType,
	'n8n-nodes-base.respondToWebhook': respondType,
	'n8n-nodes-base.executeWorkflow': executeWorkflowType,
	'n8n-nodes-base.stopAndError': stopAndErrorType,
	'n8n-nodes-base.noOp': noOpType,
};

const base =
	(type: string) =>
	(name: string, settings: NodeSettings = {}) =>
		node(name, `n8n-nodes-base.${type}`, {}, settings);

/** A trigger; the run gives it its items. */
export const webhook = (
	name = 'Webhook',
	parameters: INode['parameters'] = {},
	settings: NodeSettings = {},
) => node(name, 'n8n-nodes-base.webhook', parameters, settings);

/** The trigger of a sub-workflow. */
export const subWorkflowTrigger = base('executeWorkflowTrigger');

/** Runs a function on all items at once. */
export function javascript(
	name: string,
	script: Script,
	{ links = 'kept', ...settings }: NodeSettings & { links?: Links } = {},
): INode {
	return node(name, 'n8n-nodes-base.code', { script: scripts.push(script) - 1, links }, settings);
}

/** Sends each item to the output that the function names. */
export function switchTo(
	name: string,
	outputs: number,
	route: (item: INodeExecutionData) => number,
	settings: NodeSettings = {},
): INode {
	return node(name, 'n8n-nodes-base.switch', { outputs, script: routes.push(route) - 1 }, settings);
}

/** Many items to one, `{ data: [...] }`, linked to all of them. */
export const aggregate = base('aggregate');

/** Appends input 1 to input 0; runs once both are there or nothing else can run. */
export const merge = base('merge');

/** Does nothing. */
export const noOp = base('noOp');

/** Waits; from 65 seconds on the execution is stored as waiting. */
export const wait = (name: string, seconds: number, settings: NodeSettings = {}) =>
	node(name, 'n8n-nodes-base.wait', { amount: seconds }, settings);

/** Answers the webhook with the given status and body (an expression or JSON text). */
export const respond = (
	name: string,
	responseCode: number | string,
	responseBody = '={{ $json }}',
) => node(name, 'n8n-nodes-base.respondToWebhook', { responseCode, responseBody });

/** Runs a sub-workflow of the engine's `subWorkflows` with all items. */
export const executeWorkflow = (name: string, workflowId: string, settings: NodeSettings = {}) =>
	node(name, 'n8n-nodes-base.executeWorkflow', { workflowId }, settings);

/** Fails with the given message. */
export const stopAndError = (name: string, errorMessage: string, settings: NodeSettings = {}) =>
	node(name, 'n8n-nodes-base.stopAndError', { errorMessage }, settings);
