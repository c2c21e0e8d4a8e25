import type { IExecuteFunctions } from 'n8n-workflow';
import { ExpressionParser } from 'n8n-workflow';

import { isMissingKey } from '../../lib/keys/identity';

const MOST_SHOWN = 80;

/**
 * The first `{{ }}` of a text with several parts, such as `order-{{ $json.id }}`, that is empty for an item; null where each
 * gives a value, or where the text is one `{{ }}` alone, whose value tells by itself. n8n writes nothing for a field that is not
 * there, so that all items without it would share what is left.
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
