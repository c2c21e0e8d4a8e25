import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { writeRedacted } from '../../lib/results/redaction';
import type { ResultItem } from '../../lib/results/result-codec';
import type { CommitSettings } from './settings';

/** The json of items as it may leave this n8n: without what is never stored either. */
export function redactedItems(
	items: readonly INodeExecutionData[],
	{ redactFields }: CommitSettings,
): IDataObject[] {
	const written = writeRedacted(
		items.map(({ json }) => ({ json })),
		{ redactFields, outputField: 'idempotency', maxLength: Infinity },
	);
	if (!written.ok) return [{ message: 'The result could not be written as JSON' }];
	return (JSON.parse(written.text) as ResultItem[]).map(({ json }) => json as IDataObject);
}
