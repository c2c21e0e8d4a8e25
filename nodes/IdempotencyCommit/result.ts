import type { IBinaryData, IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { SealedClaim } from '../../lib/claim-token';
import { onlyPaths } from '../../lib/field-paths';
import { writeRedacted } from '../../lib/redaction';
import type { EncodedResult, ResultBinary, ResultItem } from '../../lib/result-codec';
import { encodeResult } from '../../lib/result-codec';
import { guardsBefore } from '../shared/node-types';
import type { CommitSettings } from './settings';

/** The items of one claim as bytes for its record: what a duplicate will get. */
export async function encodeItems(
	context: IExecuteFunctions,
	indexes: readonly number[],
	settings: CommitSettings,
	{ identity, remains }: SealedClaim,
	secret: string,
): Promise<EncodedResult> {
	const items = context.getInputData();
	const ours = fieldsOfGuards(context);
	const kept: ResultItem[] | null = settings.result === 'none' ? null : [];
	for (const index of kept === null ? [] : indexes) {
		const item = items[index];
		if (item !== undefined) kept?.push(await keptOf(context, item, index, settings, ours));
	}
	return encodeResult(kept, {
		maxBytes: settings.maxResultBytes,
		redactFields: settings.redactFields,
		...(secret === '' ? {} : { encryption: { secret, tenant: remains.tenant, identity } }),
	});
}

/** The json of items as it may leave this n8n: without what is never stored either. */
export function redactedItems(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
	{ redactFields }: CommitSettings,
): IDataObject[] {
	const ours = fieldsOfGuards(context);
	const written = writeRedacted(
		items.map(({ json }) => ({ json: withoutFields(json, ours) })),
		{ redactFields, outputField: 'idempotency', maxLength: Infinity },
	);
	if (!written.ok) return [{ message: 'The result could not be written as JSON' }];
	return (JSON.parse(written.text) as ResultItem[]).map(({ json }) => json as IDataObject);
}

async function keptOf(
	context: IExecuteFunctions,
	item: INodeExecutionData,
	index: number,
	settings: CommitSettings,
	ours: ReadonlySet<string>,
): Promise<ResultItem> {
	const json = withoutFields(item.json, ours);
	if (settings.result === 'fields') {
		return { json: onlyPaths(json, settings.resultFields) as IDataObject };
	}
	if (item.binary === undefined) return { json };
	const binary: Record<string, ResultBinary> = {};
	for (const [name, file] of Object.entries(item.binary)) {
		const content = await context.helpers.getBinaryDataBuffer(index, name);
		binary[name] = { ...describedBy(file), data: content.toString('base64') };
	}
	return { json, binary };
}

/** What describes a file, without where this n8n keeps it: that is gone with the execution. */
function describedBy({ mimeType, fileName, fileExtension, fileType }: IBinaryData) {
	return { mimeType, fileName, fileExtension, fileType };
}

/** Where the Guards put their details: error items of n8n carry them along, the token among them. */
function fieldsOfGuards(context: IExecuteFunctions): ReadonlySet<string> {
	return new Set(guardsBefore(context).map(({ outputField }) => outputField));
}

function withoutFields(json: IDataObject, fields: ReadonlySet<string>): IDataObject {
	const names = Object.keys(json);
	if (!names.some((name) => fields.has(name))) return json;
	return Object.fromEntries(
		names.filter((name) => !fields.has(name)).map((name) => [name, json[name]]),
	) as IDataObject;
}
