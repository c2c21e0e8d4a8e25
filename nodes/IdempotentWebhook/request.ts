import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { IBinaryData, IDataObject, INodeExecutionData, IWebhookFunctions } from 'n8n-workflow';

import type { GuardItem } from '../../lib/guard/item';
import type { ItemParameters } from '../shared/parameters';

/** What n8n adds to the requests that it hands to webhooks. */
type WebhookRequest = Omit<IncomingMessage, 'body' | 'rawBody'> & {
	readonly headers: IncomingHttpHeaders;
	readonly params: IDataObject;
	readonly query: IDataObject;
	body?: unknown;
	rawBody?: Buffer;
	readonly contentType?: string;
	readonly contentDisposition?: { type: string; filename?: string };
	readRawBody?(): Promise<void>;
};

interface UploadedFile {
	readonly filepath: string;
	readonly originalFilename?: string | null;
	readonly newFilename: string;
	readonly mimetype?: string | null;
}

/** A file of a request. It is not in n8n's storage yet: a duplicate does not need it there. */
interface IncomingFile {
	readonly fileName: string;
	readonly mimeType: string;
	content(): Promise<Buffer>;
}

/** A request in the shape in which n8n's Webhook node emits it. */
export interface DoorRequest {
	readonly json: IDataObject;
	readonly files: ReadonlyMap<string, IncomingFile>;
	/** The body as it came; null where n8n keeps none (multipart). */
	readonly rawBody: Buffer | null;
	/** The content type under which n8n read `json.body` out of `rawBody` as JSON; null where it did not, or where the body is a part of that. */
	readonly jsonType: string | null;
}

export async function readRequest(
	context: IWebhookFunctions,
	parameters: ItemParameters,
): Promise<DoorRequest> {
	const request = context.getRequestObject() as unknown as WebhookRequest;
	const isTest = context.getMode() === 'manual';
	const url = context.getNodeWebhookUrl('default') ?? '';
	const { body, files } = await bodyOf(parameters, request);
	const json: IDataObject = {
		method: request.method ?? '',
		headers: request.headers as IDataObject,
		params: request.params,
		query: request.query,
		body: body as IDataObject,
		webhookUrl: isTest ? url.replace('/webhook/', '/webhook-test/') : url,
		executionMode: isTest ? 'test' : 'production',
	};
	const isMultipart = request.contentType === 'multipart/form-data';
	const isJson = request.contentType === 'application/json' && body === request.body;
	return {
		json,
		files,
		rawBody: isMultipart ? null : (request.rawBody ?? Buffer.alloc(0)),
		jsonType: isJson ? (request.headers['content-type'] ?? null) : null,
	};
}

async function bodyOf(
	parameters: ItemParameters,
	request: WebhookRequest,
): Promise<{ body: unknown; files: Map<string, IncomingFile> }> {
	const field = String(parameters.get<unknown>('options.binaryPropertyName', 0, 'data')) || 'data';
	if (request.contentType === 'multipart/form-data') {
		const { data = {}, files = {} } = (request.body ?? {}) as {
			data?: IDataObject;
			files?: Record<string, UploadedFile | UploadedFile[]>;
		};
		return { body: data, files: uploadedFiles(files) };
	}
	// n8n does not parse a body of this type, such as a PDF: it becomes a file.
	if (request.body === undefined || request.body === null || request.body === '') {
		const content = await rawBodyOf(request);
		const files = new Map(content.length === 0 ? [] : [[field, fileOf(request, content)]]);
		return { body: request.body ?? {}, files };
	}
	const files = new Map<string, IncomingFile>();
	if (parameters.get<unknown>('options.rawBody', 0, false) === true) {
		files.set(field, fileOf(request, await rawBodyOf(request)));
	}
	return { body: request.body, files };
}

/** Names as n8n's Webhook gives them: `files[]` is `files`, and several of one name are numbered. */
function uploadedFiles(
	uploaded: Readonly<Record<string, UploadedFile | UploadedFile[]>>,
): Map<string, IncomingFile> {
	const files = new Map<string, IncomingFile>();
	for (const [field, value] of Object.entries(uploaded)) {
		const plain = field.replace(/\[\]$/, '').trim();
		for (const [i, file] of [value].flat().entries()) {
			const name = plain === '' ? `data${files.size}` : plain;
			files.set(Array.isArray(value) && plain !== '' ? `${name}${i}` : name, {
				fileName: file.originalFilename ?? file.newFilename,
				mimeType: file.mimetype ?? 'application/octet-stream',
				content: async () => await readFile(file.filepath),
			});
		}
	}
	return files;
}

const fileOf = (request: WebhookRequest, content: Buffer): IncomingFile => ({
	fileName: request.contentDisposition?.filename ?? randomUUID(),
	mimeType: request.contentType ?? 'application/octet-stream',
	content: async () => await Promise.resolve(content),
});

/** n8n reads the body, up to its own limit. */
async function rawBodyOf(request: WebhookRequest): Promise<Buffer> {
	if (request.rawBody === undefined) await request.readRawBody?.();
	return request.rawBody ?? Buffer.alloc(0);
}

/** Bytes of the body that are held in memory. The files of a form are on the disk, its fields are not. */
export function heldBytes({ rawBody, json }: Pick<DoorRequest, 'rawBody' | 'json'>): number {
	return rawBody === null ? Buffer.byteLength(JSON.stringify(json.body ?? {})) : rawBody.length;
}

/**
 * The item as it is compared. Its files are named; their content is read when it is needed.
 *
 * @param isUntouched nothing can have changed the body since n8n read it
 */
export function comparableItem(
	{ json, files, rawBody, jsonType }: DoorRequest,
	isUntouched: boolean,
): GuardItem {
	const isRead = isUntouched && rawBody !== null && jsonType !== null;
	const source = isRead ? { bodySource: { bytes: rawBody, readAs: jsonType } } : {};
	if (files.size === 0) return { json, ...source };
	const names = [...files].map(([name, { mimeType }]): [string, IBinaryData] => [
		name,
		{ mimeType, data: '' },
	]);
	return { json, binary: Object.fromEntries(names), ...source };
}

/** The item that a workflow starts with: its files are in n8n's storage. */
export async function startingItem(
	context: IWebhookFunctions,
	{ json, files }: DoorRequest,
	details: IDataObject,
): Promise<INodeExecutionData> {
	const item: INodeExecutionData = { json: { ...json, ...details } };
	if (files.size === 0) return item;
	const known = stored.get(files) ?? storeFiles(context, files);
	stored.set(files, known);
	item.binary = { ...(await known) };
	return item;
}

/** The events of a request share its files. */
const stored = new WeakMap<DoorRequest['files'], Promise<Record<string, IBinaryData>>>();

async function storeFiles(
	context: IWebhookFunctions,
	files: DoorRequest['files'],
): Promise<Record<string, IBinaryData>> {
	const binary: Record<string, IBinaryData> = {};
	for (const [name, { fileName, mimeType, content }] of files) {
		binary[name] = await context.helpers.prepareBinaryData(await content(), fileName, mimeType);
	}
	return binary;
}
