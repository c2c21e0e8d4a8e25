import { parse } from 'node:querystring';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { attempt } from '../../lib/core/attempt';
import { ComplaintError } from '../../lib/guard/complaint';
import { isRecord } from '../../lib/senders/delivery';
import type { SignedRequest } from '../../lib/senders/signatures/signed-request';
import type { ItemParameters } from '../shared/parameters';
import { checkSignature } from '../shared/signature/check-signature';
import { signatureSecretsOf } from '../shared/signature/secrets';
import type { Incoming } from './incoming';
import { unchecked } from './incoming';

const OF_SIGNATURE =
	/^(verifySignature|signatureSender|signatureHeader|signedContent|hmacOptions)\b/;

/** What the door has beside its options is an option of a Guard. */
export function signatureParametersOf(parameters: ItemParameters): ItemParameters {
	const named = (name: string) => (OF_SIGNATURE.test(name) ? `options.${name}` : name);
	return {
		get: (name, itemIndex, fallback) => parameters.get(named(name), itemIndex, fallback),
		has: (name) => parameters.has(named(name)),
		emptyPart: (name, itemIndex) => parameters.emptyPart(named(name), itemIndex),
	};
}

/**
 * Checks the signatures of requests that n8n's Webhook has taken in: on the file in which it gives the body as it came.
 *
 * @param parameters as `signatureParametersOf` gives them
 * @throws ComplaintError for settings that can't work, and for an item without a raw body
 */
export async function checkSignatures(
	context: IExecuteFunctions,
	parameters: ItemParameters,
	items: readonly INodeExecutionData[],
): Promise<Incoming[]> {
	if (parameters.get('verifySignature', 0, 'none') === 'none') return items.map(unchecked);
	const secrets = await signatureSecretsOf(context);
	const text = (name: string, fallback: string) =>
		String(parameters.get<unknown>(`options.${name}`, 0, fallback)).trim();
	const [field, publicUrl] = [text('rawBodyField', 'data'), text('publicUrl', '')];
	const checked: Incoming[] = [];
	for (const [origin, item] of items.entries()) {
		const rawBody = await rawBodyOf(context, item, origin, field);
		const request = signedRequestOf(item.json, rawBody, publicUrl);
		const signature = checkSignature(context, parameters, request, secrets);
		const refused = signature.kind === 'refused' ? signature.why : null;
		checked.push({ item, compared: comparedOf(item, field), origin, refused });
	}
	return checked;
}

function signedRequestOf(
	json: INodeExecutionData['json'],
	rawBody: Buffer | null,
	publicUrl: string,
): SignedRequest {
	return {
		method: (typeof json.method === 'string' ? json.method : 'POST').toUpperCase(),
		url: urlOf(json, publicUrl),
		headers: isRecord(json.headers) ? json.headers : {},
		rawBody,
		// Not the item's own: only the file is what was signed.
		body: rawBody === null ? {} : parsed(rawBody, contentTypeOf(json)),
	};
}

function contentTypeOf({ headers }: INodeExecutionData['json']): string {
	return isRecord(headers) ? String(headers['content-type'] ?? '').toLowerCase() : '';
}

/** Null for a multipart request: the files in it are what the caller made of them. */
async function rawBodyOf(
	context: IExecuteFunctions,
	{ json, binary }: INodeExecutionData,
	origin: number,
	field: string,
): Promise<Buffer | null> {
	if (contentTypeOf(json).includes('multipart')) return null;
	if (binary === undefined || !Object.hasOwn(binary, field)) {
		throw new ComplaintError({
			message: `The signature of item ${origin} can't be checked: it has no file "${field}" with the body as it came`,
			description:
				'Add the option "Raw Body" to the Webhook node, and keep its file up to this node. Signatures are made of the bytes that were sent.',
		});
	}
	return await context.helpers.getBinaryDataBuffer(origin, field);
}

/** The address that was called, as far as the item tells: n8n's Webhook gives its own, with the query parsed. */
function urlOf(
	{ webhookUrl, params, query }: INodeExecutionData['json'],
	publicUrl: string,
): string | null {
	if (publicUrl.includes('?')) return publicUrl;
	if (publicUrl === '' && typeof webhookUrl !== 'string') return null;
	const search = new URLSearchParams();
	for (const [name, value] of Object.entries(isRecord(query) ? query : {})) {
		for (const each of [value].flat()) {
			if (typeof each !== 'string') return null;
			search.append(name, each);
		}
	}
	const base = publicUrl === '' ? withParams(String(webhookUrl), params) : publicUrl;
	return search.size === 0 ? base : `${base}?${search.toString()}`;
}

/** The raw body is a means: what it says is in the item, unless n8n could not parse it. */
function comparedOf(item: INodeExecutionData, field: string): INodeExecutionData {
	const { json, binary = {} } = item;
	const { body } = json;
	const isParsed = typeof body === 'string' ? body !== '' : Object.keys(body ?? {}).length > 0;
	if (!isParsed) return item;
	const files = Object.entries(binary).filter(([name]) => name !== field);
	return { ...item, binary: Object.fromEntries(files) };
}

/** n8n's Webhook gives its path as it was entered: `orders/:id`. */
function withParams(url: string, params: unknown): string {
	return url.replace(/\/:([^/?]+)/g, (whole, name: string) => {
		const value = isRecord(params) && Object.hasOwn(params, name) ? params[name] : undefined;
		return typeof value === 'string' ? `/${encodeURIComponent(value)}` : whole;
	});
}

/** As n8n parses it. */
function parsed(rawBody: Buffer, contentType: string): unknown {
	const text = rawBody.toString('utf8');
	if (contentType.startsWith('application/x-www-form-urlencoded')) return { ...parse(text) };
	const json = attempt((): unknown => JSON.parse(text));
	return json.ok ? json.value : {};
}
