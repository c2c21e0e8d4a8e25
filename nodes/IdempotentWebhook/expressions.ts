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
