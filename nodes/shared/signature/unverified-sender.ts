import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';

import { SENDERS, detectSender, senderOf } from '../../../lib/senders/delivery-ids';
import { schemesOf } from '../../../lib/senders/signatures/sender-signatures';

/** The name of the sender of a request, where it signs what it sends; null where it does not, or nobody knows it. */
export function signingSenderOf(
	{ parameters }: Pick<INode, 'parameters'>,
	[first]: readonly INodeExecutionData[],
): string | null {
	if (first === undefined) return null;
	const { keySource = 'delivery', sender = 'auto' } = parameters;
	const named = SENDERS.find(({ value }) => keySource === 'delivery' && value === sender)?.value;
	const found = named ?? detectSender({ json: first.json });
	return found === null || schemesOf(found).length === 0 ? null : senderOf(found).name;
}

/** Whether a node that takes requests in asks who calls: then nobody else can read an answer, or take a key. */
export function asksWhoCalls({ authentication }: IDataObject): boolean {
	return (authentication ?? 'none') !== 'none';
}
