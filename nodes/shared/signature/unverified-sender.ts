import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';

import type { SenderValue } from '../../../lib/senders/delivery-ids';
import { SENDERS, detectSender, senderOf } from '../../../lib/senders/delivery-ids';
import { schemesOf } from '../../../lib/senders/signatures/sender-signatures';

/** The sender of a request, as the node names or detects it; null where nobody knows it. */
export function senderIn(
	{ parameters }: Pick<INode, 'parameters'>,
	[first]: readonly INodeExecutionData[],
): SenderValue | null {
	if (first === undefined) return null;
	const { keySource = 'delivery', sender = 'auto' } = parameters;
	const named = SENDERS.find(({ value }) => keySource === 'delivery' && value === sender)?.value;
	return named ?? detectSender({ json: first.json });
}

/** The name of the sender of a request, where it signs what it sends; null where it does not, or nobody knows it. */
export function signingSenderOf(
	node: Pick<INode, 'parameters'>,
	items: readonly INodeExecutionData[],
): string | null {
	const found = senderIn(node, items);
	return found === null || schemesOf(found).length === 0 ? null : senderOf(found).name;
}

/** Whether a node that takes requests in asks who calls: then nobody else can read an answer, or take a key. */
export function asksWhoCalls({ authentication }: IDataObject): boolean {
	return (authentication ?? 'none') !== 'none';
}
