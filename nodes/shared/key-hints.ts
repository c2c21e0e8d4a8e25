import type { INode } from 'n8n-workflow';

import { shortened } from '../../lib/guard/complaint';

export function outlastedHint(retriesForHours: number, rememberedHours: number): string {
	return `This sender may retry for ${retriesForHours} hours, but requests are remembered for ${rememberedHours} only. Set "Remember For" to more.`;
}

/** "Value" without the expression switch: every request has the same key. */
export function fixedKeyHints({ parameters }: Pick<INode, 'parameters'>): string[] {
	const { keySource, key } = parameters;
	const isFixed = keySource === 'expression' && typeof key === 'string' && !key.startsWith('=');
	if (!isFixed || key === '') return [];
	return [
		`"Value" is the fixed text "${shortened(key)}": all requests count as one, so only the first is ever New. Switch the field to "Expression" and name a value of the item, such as {{ $json.body.orderId }}.`,
	];
}
