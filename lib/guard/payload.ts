import { createHash } from 'node:crypto';

import type { ClaimHost } from './claim-host';
import type { GuardItem, JsonObject } from './item';

/** What a request says, without what each delivery of it may change. */
export interface Payload {
	readonly value: JsonObject;
	/** Nothing in it could tell one request from another. */
	readonly isEmpty: boolean;
}

/** Whether an item comes from n8n's Webhook node, or from a node that emits the same shape. */
function isWebhookItem(json: JsonObject): boolean {
	return isObject(json.headers) && isObject(json.query) && 'body' in json;
}

/**
 * The payload of an item. For a webhook's item these are the method (where the item has it), path parameters, query, body and the digests
 * of its files. Headers are left out: they hold signatures, time stamps and attempt counters. For any other item it is the json
 * without our own field.
 */
export async function payloadOf(
	host: ClaimHost,
	item: GuardItem,
	itemIndex: number,
	outputField: string,
): Promise<Payload> {
	const { json } = item;
	if (!isWebhookItem(json)) {
		const value = without(json, outputField);
		return { value, isEmpty: Object.keys(value).length === 0 };
	}
	const value: JsonObject = { query: json.query, body: json.body };
	if (isObject(json.params) && !isBlank(json.params)) value.params = json.params;
	if (typeof json.method === 'string') value.method = json.method;
	const binary = await binaryDigestsOf(host, item, itemIndex);
	if (binary !== null) value.binary = binary;
	const isEmpty =
		isBlank(json.query) && isBlank(json.body) && value.params === undefined && binary === null;
	return { value, isEmpty };
}

async function binaryDigestsOf(
	host: ClaimHost,
	item: GuardItem,
	itemIndex: number,
): Promise<JsonObject | null> {
	const names = Object.keys(item.binary ?? {});
	if (names.length === 0) return null;
	const digests: JsonObject = {};
	for (const name of names) {
		const content = await host.fileOf(itemIndex, name);
		const hash = createHash('sha256');
		if (content instanceof Uint8Array) hash.update(content);
		else for await (const piece of content) hash.update(piece as Uint8Array);
		digests[name] = hash.digest('hex');
	}
	return digests;
}

/** The top-level fields of a payload by the names that its sender knows. Those of a webhook's body are called `body.…`, and so on. */
export function topFieldsOf(payload: JsonObject): Array<[name: string, value: unknown]> {
	return Object.entries(payload).flatMap(
		([name, value]): Array<[string, unknown]> =>
			['body', 'query', 'params', 'binary'].includes(name) && isObject(value)
				? Object.entries(value).map(([field, inner]) => [`${name}.${field}`, inner])
				: [[name, value]],
	);
}

function without(json: JsonObject, field: string): JsonObject {
	if (!Object.hasOwn(json, field)) return json;
	return Object.fromEntries(Object.entries(json).filter(([name]) => name !== field));
}

function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBlank(value: unknown): boolean {
	if (value === undefined || value === null || value === '') return true;
	return typeof value === 'object' && Object.keys(value).length === 0;
}
