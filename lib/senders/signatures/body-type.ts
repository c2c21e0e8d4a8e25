import { headerOf, type SignedRequest } from './signed-request';

/**
 * A signature covers the bytes of a body, and not the header that says how to read them. Who has seen a delivery could send it again
 * under another type or charset: its body would say something else, and by that be another request.
 *
 * @param isOfTable the sender is one of the table, whose bodies are JSON, a form or XML, each under its own type
 * @returns whether the body is read as its sender meant it
 */
export function isReadAsSent(request: SignedRequest, isOfTable: boolean): boolean {
	const { rawBody } = request;
	// As n8n takes it apart: a blank behind the type makes it another one.
	const [type = '', ...parameters] = (headerOf(request, 'content-type') ?? '')
		.toLowerCase()
		.split(';');
	if (!parameters.every(isHarmless)) return false;
	if (!isOfTable || rawBody === null || rawBody.length === 0) return true;
	return isJson(rawBody)
		? type === 'application/json'
		: type === 'application/x-www-form-urlencoded' || /(?:\/|\+)xml$/.test(type);
}

/** n8n reads a charset however it is written, even behind percent signs. */
function isHarmless(parameter: string): boolean {
	if (parameter.includes('%')) return false;
	const [name = '', value = ''] = parameter.split('=').map((each) => each.trim());
	return name !== 'charset' || /^"?utf-?8"?$/.test(value);
}

function isJson(rawBody: Uint8Array): boolean {
	return /^[\s\u{feff}]*[[{]/u.test(Buffer.from(rawBody.subarray(0, 64)).toString('utf8'));
}
