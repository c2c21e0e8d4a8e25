import { NodeConnectionTypes } from 'n8n-workflow';
import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
	INodeType,
	INodeTypeDescription,
} from 'n8n-workflow';

type Execute = (this: IExecuteFunctions) => Promise<INodeExecutionData[][]>;

/** What a stand-in does not share with the others. */
interface StandInParts {
	inputs?: number;
	outputs?: INodeTypeDescription['outputs'];
	requiredInputs?: number;
	properties?: INodeProperties[];
	execute?: Execute;
	/** A trigger whose items are given to the run, as n8n does for its Webhook node. */
	trigger?: boolean;
}

const { Main } = NodeConnectionTypes;

/** A small node type; `name` is the part of n8n's type name after the dot. */
export function standIn(name: string, parts: StandInParts): INodeType {
	const description: INodeTypeDescription = {
		displayName: name,
		name,
		group: [parts.trigger ? 'trigger' : 'transform'],
		version: 1,
		description: `Stand-in for n8n's ${name}`,
		defaults: { name },
		inputs: parts.trigger ? [] : Array.from({ length: parts.inputs ?? 1 }, () => Main),
		outputs: parts.outputs ?? [Main],
		properties: parts.properties ?? [],
		...(parts.requiredInputs === undefined ? {} : { requiredInputs: parts.requiredInputs }),
	};
	return {
		description,
		...(parts.execute ? { execute: parts.execute } : {}),
		...(parts.trigger ? { webhook: async () => ({}) } : {}),
	};
}

/** A parameter that any value fits. */
export const parameter = (
	name: string,
	fallback: INodeProperties['default'] = '',
): INodeProperties => ({
	displayName: name,
	name,
	type: typeof fallback === 'object' ? 'json' : typeof fallback === 'number' ? 'number' : 'string',
	default: fallback,
});
