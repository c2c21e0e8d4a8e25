import { hmacScheme, type HmacTerms, type SchemeWords } from './hmac';
import type { SignatureScheme } from './scheme';

/** Short forms for the two ways in which most senders sign. */

interface Signing {
	readonly schemes: readonly SignatureScheme[];
}

export const ID_IN_HEADER = 'the delivery ID (a header) and the time are not signed';
const NO_TIME = 'the time is not signed';

/** An HMAC of the body (or of a template without a time), alone in a header. */
export function body(
	header: string | readonly string[],
	form: Pick<HmacTerms, 'encoding'> &
		Partial<Pick<HmacTerms, 'algorithm' | 'prefix' | 'separator' | 'signed'>>,
	words: Omit<SchemeWords, 'where' | 'leavesOpen'> & { readonly leavesOpen?: string },
): Signing {
	const headers = [header].flat();
	const scheme = hmacScheme(
		{
			headers: headers.map((name) => name.toLowerCase()),
			algorithm: form.algorithm ?? 'sha256',
			encoding: form.encoding,
			prefix: form.prefix ?? '',
			separator: form.separator ?? null,
			signed: form.signed ?? '{body}',
			timestamp: null,
			secret: 'text',
		},
		{
			where: `the header ${headers.join(' or ')}`,
			secretIs: words.secretIs,
			leavesOpen: words.leavesOpen ?? NO_TIME,
			source: words.source,
			seen: words.seen,
		},
	);
	return { schemes: [scheme] };
}

/** HMAC-SHA-256 of a template that has the time. */
export function timed(
	terms: Pick<
		HmacTerms,
		'headers' | 'encoding' | 'prefix' | 'signed' | 'timestamp' | 'id' | 'urlForms'
	> &
		Partial<Pick<HmacTerms, 'separator'>>,
	words: Omit<SchemeWords, 'leavesOpen'> & { readonly leavesOpen?: string },
): Signing {
	const scheme = hmacScheme(
		{ separator: null, ...terms, algorithm: 'sha256', secret: 'text' },
		{ ...words, leavesOpen: words.leavesOpen ?? null },
	);
	return { schemes: [scheme] };
}
