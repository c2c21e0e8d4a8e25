import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { writeRedacted } from '../../lib/results/redaction';
import type { ResultItem } from '../../lib/results/result-codec';

/** The json of items as it may leave this n8n: without what is never stored either. */
export function redactedItems(
	items: readonly INodeExecutionData[],
	{ redactFields, outputField = 'idempotency' }: RedactedParts,
): IDataObject[] {
	const written = writeRedacted(
		items.map(({ json }) => ({ json })),
		{ redactFields, outputField, maxLength: Infinity },
	);
	if (!written.ok) return [{ message: 'The result could not be written as JSON' }];
	return (JSON.parse(written.text) as ResultItem[]).map(({ json }) => json as IDataObject);
}

interface RedactedParts {
	/** Further fields to leave out, at any depth. */
	readonly redactFields: readonly string[];
	/** Where our details are. */
	readonly outputField?: string;
}
