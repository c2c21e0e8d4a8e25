import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import * as n8n from 'n8n-workflow';

/**
 * Lets expressions at the door see what the run will see: n8n shows them the bare request, without what was found out about it, and of
 * a batch the whole instead of one event. The context keeps what `$json` is in a field that its type does not show.
 */
export function showToExpressions(context: IWebhookFunctions, json: IDataObject): void {
	const { connectionInputData } = context as unknown as {
		connectionInputData?: Array<{ json: IDataObject }>;
	};
	const [item] = connectionInputData ?? [];
	if (item !== undefined) item.json = json;
}

/** What evaluates expressions, where n8n does it in isolates of V8. The type of a context does not show it. */
interface Engine {
	releaseIsolate?(): Promise<void>;
}

/**
 * Gives back what n8n holds to evaluate expressions for this request, some 10 MB, before the request waits. Only where the node has no
 * expression: n8n evaluates its own fields after the answer as well, and of such a node reads them without.
 *
 * @returns whether waiting costs no more than a connection
 */
export async function letEngineGo(context: IWebhookFunctions): Promise<boolean> {
	const { workflow, node } = context as unknown as {
		workflow?: { readonly expression?: Engine };
		node?: n8n.INode;
	};
	// Older versions of n8n have no isolates.
	if (typeof workflow?.expression?.releaseIsolate !== 'function') return true;
	if (typeof n8n.nodeParametersAreStatic !== 'function') return false;
	if (node === undefined || !n8n.nodeParametersAreStatic(node)) return false;
	await workflow.expression.releaseIsolate();
	return true;
}

const STEP = String.raw`(?:\??\.[A-Za-z_]\w*|(?:\?\.)?\[(?:\d+|"[^"\\]*"|'[^'\\]*')\])`;

/** Text, and in it fields of the request such as `{{ $json.body.items[0]?.id }}`. */
const READS = new RegExp(String.raw`^=(?:(?!\{\{).|\{\{\s*\$json${STEP}*\s*\}\})*$`, 's');

/** Whether no expression of a node can have changed the request: each takes fields of it as they are. `{{ $json.body.a = 1 }}` does not. */
export function expressionsOnlyRead(parameters: unknown): boolean {
	if (typeof parameters === 'string') return !parameters.startsWith('=') || READS.test(parameters);
	if (typeof parameters !== 'object' || parameters === null) return true;
	return Object.values(parameters).every(expressionsOnlyRead);
}
