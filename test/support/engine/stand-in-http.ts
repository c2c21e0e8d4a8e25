import { jsonParse, NodeApiError, removeCircularRefs } from 'n8n-workflow';
import type {
	IDataObject,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	INodeType,
	JsonObject,
} from 'n8n-workflow';
import type { Readable } from 'node:stream';
import { parameter, standIn } from './stand-in';
import { node } from './workflow';
import type { NodeSettings } from './workflow';

/** What the HTTP stand-in is asked to do; strings may be expressions. */
export interface HttpParameters {
	url: string;
	/** Default POST. */
	method?: string;
	/** Sent as JSON: an expression that gives an object, or JSON text. Default: the item. */
	body?: string;
	/** An expression that gives an object, or JSON text. */
	headers?: string;
	/** "Never Error" with "Include Response Headers and Status". */
	fullResponse?: boolean;
	/** Milliseconds. */
	timeout?: number;
}

interface FullResponse {
	body: string | Readable;
	headers: IDataObject;
	statusCode: number;
	statusMessage: string;
}

/** Text; or JSON that was parsed, if the response said it is JSON. */
type Content = { json: unknown } | { text: string };

const objectOf = (value: unknown): IDataObject =>
	(typeof value === 'string' ? JSON.parse(value || '{}') : value) as IDataObject;

/**
 * Sends with the options of n8n's HTTP Request node: it uses a deprecated helper still, and lets the
 * answer come as a stream, which decides what an error looks like.
 */
async function send(context: IExecuteFunctions, index: number, neverError: boolean) {
	const method = context.getNodeParameter('method', index) as 'POST';
	const timeout = context.getNodeParameter('options.timeout', index, 0) as number;
	return (await context.helpers.request({
		uri: context.getNodeParameter('url', index) as string,
		method,
		headers: objectOf(context.getNodeParameter('jsonHeaders', index)),
		...(method === ('GET' as string)
			? {}
			: { body: objectOf(context.getNodeParameter('jsonBody', index)) }),
		encoding: null,
		json: false,
		useStream: true,
		resolveWithFullResponse: true,
		...(neverError ? { simple: false } : {}),
		timeout: timeout === 0 ? 300_000 : timeout,
	})) as FullResponse;
}

async function contentOf(
	context: IExecuteFunctions,
	{ body, headers }: FullResponse,
	neverError: boolean,
): Promise<Content> {
	const text =
		typeof body === 'string' ? body : (await context.helpers.binaryToBuffer(body)).toString();
	if (!String(headers['content-type'] ?? '').includes('application/json')) return { text };
	if (text.trim() === '') return { json: {} };
	const fallback = neverError
		? { fallbackValue: {} }
		: { errorMessage: 'Invalid JSON in response body' };
	return { json: jsonParse(text, fallback) };
}

/** Several items where the body is a list, and none where it is an empty one. */
function jsonsOf(response: FullResponse, content: Content, full: boolean): IDataObject[] {
	const { headers, statusCode, statusMessage } = response;
	const body = 'json' in content ? content.json : content.text;
	if (full) {
		const property = 'json' in content ? 'body' : 'data';
		return [{ [property]: body, headers, statusCode, statusMessage } as IDataObject];
	}
	if ('text' in content) return [{ data: content.text }];
	return [body].flat() as IDataObject[];
}

async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const full = this.getNodeParameter('options.response.response.neverError', 0, false) as boolean;
	const indexes = [...this.getInputData().keys()];
	const answers = await Promise.allSettled(indexes.map((index) => send(this, index, full)));
	const items: INodeExecutionData[] = [];
	for (const [item, answer] of answers.entries()) {
		const pairedItem = { item };
		if (answer.status === 'rejected') {
			const error = answer.reason as JsonObject;
			if (!this.continueOnFail()) {
				throw new NodeApiError(this.getNode(), error, { itemIndex: item });
			}
			removeCircularRefs(error);
			items.push({ json: { error }, pairedItem });
			continue;
		}
		const content = await contentOf(this, answer.value, full);
		items.push(...jsonsOf(answer.value, content, full).map((json) => ({ json, pairedItem })));
	}
	return [items];
}

/**
 * Does a real request per item, all at once, and treats failures as n8n's HTTP Request 4.2: stops
 * with a NodeApiError of the first failed item, or (Continue) emits the live error in `json.error`.
 */
export const httpRequestType: INodeType = standIn('httpRequest', {
	properties: [
		parameter('method', 'POST'),
		parameter('url'),
		parameter('jsonBody', {}),
		parameter('jsonHeaders', {}),
		parameter('options', {}),
	],
	execute,
});

/** An HTTP Request node. */
export function http(name: string, request: HttpParameters, settings: NodeSettings = {}): INode {
	const response = { response: { fullResponse: true, neverError: true } };
	return node(
		name,
		'n8n-nodes-base.httpRequest',
		{
			method: request.method ?? 'POST',
			url: request.url,
			jsonBody: request.body ?? '={{ $json }}',
			jsonHeaders: request.headers ?? '{}',
			options: {
				...(request.timeout === undefined ? {} : { timeout: request.timeout }),
				...(request.fullResponse ? { response } : {}),
			},
		},
		{ typeVersion: 4.2, ...settings },
	);
}
