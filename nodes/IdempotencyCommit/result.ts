import type { IBinaryData, IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { SealedClaim } from '../../lib/claim-token';
import { valueAtPath } from '../../lib/field-paths';
import type { EncodedResult, ResultBinary, ResultItem } from '../../lib/result-codec';
import { encodeResult } from '../../lib/result-codec';
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
	const kept: ResultItem[] | null = settings.result === 'none' ? null : [];
	for (const index of kept === null ? [] : indexes) {
		const item = items[index];
		if (item !== undefined) kept?.push(await keptOf(context, item, index, settings));
	}
	return encodeResult(kept, {
		maxBytes: settings.maxResultBytes,
		redactFields: settings.redactFields,
		...(secret === '' ? {} : { encryption: { secret, tenant: remains.tenant, identity } }),
	});
}

async function keptOf(
	context: IExecuteFunctions,
	item: INodeExecutionData,
	index: number,
	settings: CommitSettings,
): Promise<ResultItem> {
	if (settings.result === 'fields') return { json: selected(item.json, settings.resultFields) };
	if (item.binary === undefined) return { json: item.json };
	const binary: Record<string, ResultBinary> = {};
	for (const [name, file] of Object.entries(item.binary)) {
		const content = await context.helpers.getBinaryDataBuffer(index, name);
		binary[name] = { ...describedBy(file), data: content.toString('base64') };
	}
	return { json: item.json, binary };
}

/** What describes a file, without where this n8n keeps it: that is gone with the execution. */
function describedBy({ mimeType, fileName, fileExtension, fileType }: IBinaryData) {
	return { mimeType, fileName, fileExtension, fileType };
}

function selected(json: IDataObject, paths: readonly string[]): IDataObject {
	const fields: IDataObject = {};
	for (const path of paths) {
		const value = valueAtPath(json, path);
		if (value !== undefined) fields[path] = value as IDataObject;
	}
	return fields;
}
