import type { IBinaryData, IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { attemptAsync } from '../../lib/core/attempt';
import { onlyPaths } from '../../lib/keys/field-paths';
import { resultPurpose } from '../../lib/results/purposes';
import type {
	EncodedResult,
	EncodeOptions,
	Encryption,
	NotStored,
	ResultBinary,
	ResultItem,
} from '../../lib/results/result-codec';
import {
	DEFAULT_MAX_RESULT_BYTES,
	encodeResult,
	maxTextBytes,
	withoutItems,
} from '../../lib/results/result-codec';

/** What of the items is kept. */
export interface ResultSettings {
	readonly result: 'items' | 'fields' | 'none';
	readonly resultFields: readonly string[];
	readonly maxResultBytes: number;
	readonly redactFields: readonly string[];
}

/** Where no Commit says otherwise. */
export const WHOLE_ITEMS: ResultSettings = {
	result: 'items',
	resultFields: [],
	maxResultBytes: DEFAULT_MAX_RESULT_BYTES,
	redactFields: [],
};

export interface ResultOwner {
	readonly identity: string;
	readonly tenant: string;
	/** How the record ends: with a secret the result is of no other end. */
	readonly state: 'completed' | 'failed';
	readonly statusCode: number;
}

/**
 * Items as bytes for the records of their claims: what a duplicate will get. Without a secret, an item that is the result of many claims
 * is encoded once.
 */
export class ResultEncoder {
	private readonly known = new Map<INodeExecutionData, EncodedResult>();

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly settings: ResultSettings,
		/** `''`: none. */
		private readonly secret: string,
	) {}

	async encode(items: readonly INodeExecutionData[], owner: ResultOwner): Promise<EncodedResult> {
		const { known } = this;
		const encryption = this.encryptionFor(owner);
		if (encryption !== undefined) return await this.encodeWith(items, { encryption });
		const [only] = items.length === 1 ? items : [];
		const shared = only === undefined ? undefined : known.get(only);
		if (shared !== undefined) return shared;
		const encoded = await this.encodeWith(items, {});
		if (only !== undefined) known.set(only, encoded);
		return encoded;
	}

	/** In the place of items. */
	without(reason: NotStored, owner: ResultOwner): EncodedResult {
		return withoutItems(reason, 0, this.settings.maxResultBytes, this.encryptionFor(owner));
	}

	private encryptionFor(owner: ResultOwner): Encryption | undefined {
		const { secret } = this;
		if (secret === '') return undefined;
		const { identity, tenant, state, statusCode } = owner;
		return { secret, tenant, identity, purpose: resultPurpose(state, statusCode) };
	}

	private async encodeWith(
		items: readonly INodeExecutionData[],
		sealing: Pick<EncodeOptions, 'encryption'>,
	): Promise<EncodedResult> {
		const { maxResultBytes: limit, redactFields, result } = this.settings;
		const size = result === 'items' ? await this.filesAsText(items) : 0;
		if (size > maxTextBytes(limit))
			return withoutItems('too_large', size, limit, sealing.encryption);
		try {
			const kept = await this.keptItems(items);
			return encodeResult(kept, { maxBytes: limit, redactFields, ...sealing });
		} catch {
			// A file that is gone: the action has happened all the same, and must not run again for it.
			return withoutItems('unserializable', 0, limit, sealing.encryption);
		}
	}

	/** How long the files of the items are as Base64, told before any is read. */
	private async filesAsText(items: readonly INodeExecutionData[]): Promise<number> {
		let length = 0;
		for (const item of items) {
			for (const file of Object.values(item.binary ?? {})) {
				length += Math.ceil((await this.fileSize(file)) / 3) * 4;
			}
		}
		return length;
	}

	/** Bytes of a file by n8n's storage, else by the item itself; 0 where neither tells. */
	private async fileSize(file: IBinaryData): Promise<number> {
		if (!file.id) return Math.floor((file.data.length * 3) / 4);
		const { helpers } = this.context;
		const stored = await attemptAsync(async () => await helpers.getBinaryMetadata(file.id ?? ''));
		const size: unknown = stored.ok ? stored.value.fileSize : file.bytes;
		return typeof size === 'number' && size > 0 ? size : 0;
	}

	private async keptItems(items: readonly INodeExecutionData[]): Promise<ResultItem[] | null> {
		if (this.settings.result === 'none') return null;
		const kept: ResultItem[] = [];
		for (const item of items) kept.push(await this.keptOf(item));
		return kept;
	}

	private async keptOf(item: INodeExecutionData): Promise<ResultItem> {
		const { json } = item;
		const { result, resultFields } = this.settings;
		if (result === 'fields') return { json: onlyPaths(json, resultFields) as IDataObject };
		if (item.binary === undefined) return { json };
		const binary: Record<string, ResultBinary> = {};
		for (const [name, file] of Object.entries(item.binary)) {
			binary[name] = { ...describedBy(file), data: await this.contentOf(file) };
		}
		return { json, binary };
	}

	private async contentOf(file: IBinaryData): Promise<string> {
		if (!file.id) return file.data;
		const { helpers } = this.context;
		const content = await helpers.binaryToBuffer(await helpers.getBinaryStream(file.id));
		return content.toString('base64');
	}
}

/** What describes a file, without where this n8n keeps it: that is gone with the execution. */
function describedBy({ mimeType, fileName, fileExtension, fileType }: IBinaryData) {
	return { mimeType, fileName, fileExtension, fileType };
}
