import type { INode } from 'n8n-workflow';

/** Whether the node makes exactly one call for each item, so that an error about an item, or about a lone one, is about all of its act. */
export function speaksForItem(node: INode): boolean {
	const { type, parameters } = node;
	if (type === 'n8n-nodes-base.httpRequest') return !hasPages(node);
	const operations = ONE_CALL_OPERATIONS[type];
	if (operations === undefined) return false;
	const operation = String(parameters.operation ?? '');
	const resource = String(parameters.resource ?? '');
	return operations.some((each) => each === operation || each === `${resource}.${operation}`);
}

/** HTTP Request asks for page after page. An expression may switch that on. */
function hasPages({ parameters }: INode): boolean {
	const options = parameters.options as
		| { pagination?: { pagination?: { paginationMode?: unknown } } }
		| undefined;
	const pagination = options?.pagination?.pagination;
	return pagination !== undefined && (pagination.paginationMode ?? 'off') !== 'off';
}

const ONE_CALL_OPERATIONS: Readonly<Record<string, readonly string[]>> = {};
