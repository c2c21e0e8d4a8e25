import type { IExecuteFunctions } from 'n8n-workflow';
import { ExpressionParser } from 'n8n-workflow';

import { isMissingKey } from '../../lib/keys/identity';

const MOST_SHOWN = 80;

/**
 * Finds the first `{{ }}` that is empty for an item in a text with several parts, such as `order-{{ $json.id }}`. Null where every part
 * has a value, and for a text that is one `{{ }}` alone: its value shows whether it is empty. n8n writes nothing for a missing
 * field, so all items without the field would share the rest of the text.
 *
 * @param raw the parameter as it is in the workflow
 */
export function emptyPartOf(
	context: Pick<IExecuteFunctions, 'evaluateExpression'>,
	raw: unknown,
	itemIndex: number,
): string | null {
	if (typeof raw !== 'string' || !raw.startsWith('=')) return null;
	const chunks = ExpressionParser.splitExpression(raw.slice(1)).filter(({ text }) => text !== '');
	if (chunks.length < 2) return null;
	for (const { type, text } of chunks) {
		if (type === 'text') continue;
		const part = `{{${text}}}`;
		if (!isMissingKey(context.evaluateExpression(part, itemIndex))) continue;
		return part.length <= MOST_SHOWN ? part : `${part.slice(0, MOST_SHOWN - 1).toWellFormed()}…`;
	}
	return null;
}
