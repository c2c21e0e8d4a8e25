import type { INode } from 'n8n-workflow';

import { shortened } from '../../lib/guard/complaint';
import type { KeyDoubts } from '../../lib/keys/key-doubts';

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

/** What may make one key of two requests, or two of one. */
export function keyHints({ unsafeInteger, volatileField, absentWord }: KeyDoubts): string[] {
	const hints: string[] = [];
	if (unsafeInteger !== null) {
		hints.push(
			'The key holds a number above 2^53, which JSON rounds: two different numbers may count as one. Let the sender send it as text.',
		);
	}
	if (absentWord !== null) {
		hints.push(
			`The key holds the word "${absentWord}", as JavaScript writes it for a field that is not there: all items without the field share one key. Write the key as a text with parts, such as order-{{ $json.id }}, and an empty part is refused.`,
		);
	}
	if (volatileField !== null) {
		hints.push(
			`The key includes the field "${shortened(volatileField)}", which looks as if it changed with every delivery: a retry would then not be recognized. Recognize duplicates by selected fields instead.`,
		);
	}
	return hints;
}
