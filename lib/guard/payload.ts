import { createHash } from 'node:crypto';

import { looksLikeToken } from '../keys/claim-token';
import type { ClaimHost } from './claim-host';
import type { GuardItem, JsonObject } from './item';

/** What a request says, without what each delivery of it may change. */
export interface Payload {
	readonly value: JsonObject;
	/** Nothing in it could tell one request from another. Asked only where it is the key: to look into a body of a million fields takes long. */
	readonly isEmpty: () => boolean;
}

/** Whether an item comes from n8n's Webhook node or from the door: by the whole shape, since any item may have a field "body". */
function isWebhookItem(json: JsonObject): boolean {
	return (
		isObject(json.headers) &&
		isObject(json.params) &&
		isObject(json.query) &&
		'body' in json &&
		typeof json.webhookUrl === 'string' &&
		typeof json.executionMode === 'string'
	);
}

/** What the request of an item was made with; null where the item does not say, as n8n's Webhook does not. */
export function methodOf(json: JsonObject): string | null {
	return isWebhookItem(json) && typeof json.method === 'string' ? json.method : null;
}

/** What a webhook's item has that each delivery may change, or that n8n adds. */
const LEFT_OUT = new Set([
	'headers',
	'webhookUrl',
	'executionMode',
	'jwtPayload',
	'params',
	'query',
	'body',
]);

/**
 * The payload of an item. For a webhook's item these are the method (where the item has it), path parameters, query, body, the digests
 * of its files, and whatever other nodes have added. Headers are left out: they hold signatures, time stamps and attempt counters. For any other item it is the json
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
		return { value, isEmpty: () => Object.keys(value).length === 0 };
	}
	const added = Object.entries(json).filter(
		([name]) => !LEFT_OUT.has(name) && name !== outputField && name !== 'method',
	);
	// What nodes in between have added to the request is compared as well.
	const value: JsonObject = { ...Object.fromEntries(added), query: json.query, body: json.body };
	if (!isBlank(json.params)) value.params = json.params;
	if (typeof json.method === 'string') value.method = json.method;
	const binary = await binaryDigestsOf(host, item, itemIndex);
	if (binary !== null) value.binary = binary;
	const isEmpty = () =>
		isBlank(json.query) &&
		isBlank(json.body) &&
		value.params === undefined &&
		binary === null &&
		added.length === 0;
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

/** Members of a payload whose own members are its top-level fields. */
export const OPENED: ReadonlySet<string> = new Set(['body', 'query', 'params', 'binary']);

/** The top-level fields of a payload by the names that its sender knows. Those of a webhook's body are called `body.…`, and so on. */
export function topFieldsOf(payload: JsonObject): Array<[name: string, value: unknown]> {
	return Object.entries(payload).flatMap(
		([name, value]): Array<[string, unknown]> =>
			OPENED.has(name) && isObject(value)
				? Object.entries(value).map(([field, inner]) => [`${name}.${field}`, inner])
				: [[name, value]],
	);
}

/** The json without our own field, and without what any other Guard put there: each delivery gets another claim. */
function without(json: JsonObject, field: string): JsonObject {
	const isOurs = (name: string, value: unknown) => name === field || holdsClaim(value);
	const entries = Object.entries(json);
	if (!entries.some(([name, value]) => isOurs(name, value))) return json;
	return Object.fromEntries(entries.filter(([name, value]) => !isOurs(name, value)));
}

/** The details of an item that a Guard let through. */
function holdsClaim(value: unknown): boolean {
	return isObject(value) && typeof value.fence === 'number' && looksLikeToken(value.token);
}

function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBlank(value: unknown): boolean {
	if (value === undefined || value === null || value === '') return true;
	return typeof value === 'object' && Object.keys(value).length === 0;
}
