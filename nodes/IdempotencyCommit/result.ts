import type { IBinaryData, IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { attemptAsync } from '../../lib/core/attempt';
import type { SealedClaim } from '../../lib/keys/claim-token';
import { onlyPaths } from '../../lib/keys/field-paths';
import { writeRedacted } from '../../lib/results/redaction';
import type { EncodedResult, ResultBinary, ResultItem } from '../../lib/results/result-codec';
import { encodeResult, maxTextBytes, withoutItems } from '../../lib/results/result-codec';
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
	const limit = settings.maxResultBytes;
	const size = settings.result === 'items' ? await filesAsText(context, items, indexes) : 0;
	if (size > maxTextBytes(limit)) return withoutItems('too_large', size, limit);
	try {
		return encodeResult(await keptItems(context, items, indexes, settings), {
			maxBytes: limit,
			redactFields: settings.redactFields,
			...(secret === '' ? {} : { encryption: { secret, tenant: remains.tenant, identity } }),
		});
	} catch {
		// A file that is gone: the action has happened all the same, and must not run again for it.
		return withoutItems('unserializable', 0, limit);
	}
}

/** How long the files of the items are as Base64, told before any is read. */
async function filesAsText(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
	indexes: readonly number[],
): Promise<number> {
	let length = 0;
	for (const index of indexes) {
		for (const file of Object.values(items[index]?.binary ?? {})) {
			length += Math.ceil((await fileSize(context, file)) / 3) * 4;
		}
	}
	return length;
}

/** Bytes of a file by n8n's storage, else by the item itself; 0 where neither tells. */
async function fileSize({ helpers }: IExecuteFunctions, file: IBinaryData): Promise<number> {
	if (!file.id) return Math.floor((file.data.length * 3) / 4);
	const stored = await attemptAsync(async () => await helpers.getBinaryMetadata(file.id ?? ''));
	const size: unknown = stored.ok ? stored.value.fileSize : file.bytes;
	return typeof size === 'number' && size > 0 ? size : 0;
}

async function keptItems(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
	indexes: readonly number[],
	settings: CommitSettings,
): Promise<ResultItem[] | null> {
	const kept: ResultItem[] | null = settings.result === 'none' ? null : [];
	for (const index of kept === null ? [] : indexes) {
		const item = items[index];
		if (item !== undefined) kept?.push(await keptOf(context, item, index, settings));
	}
	return kept;
}

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

async function keptOf(
	context: IExecuteFunctions,
	item: INodeExecutionData,
	index: number,
	settings: CommitSettings,
): Promise<ResultItem> {
	const { json } = item;
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
