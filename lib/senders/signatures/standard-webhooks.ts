import { hmacScheme, type SchemeWords } from './hmac';
import type { SecretForm } from './encodings';
import type { ProofReading, SignatureScheme } from './scheme';
import { doubt } from './scheme';
import { hasHeader, headerOf, type SignedRequest } from './signed-request';

type Family = 'webhook' | 'svix';

type Words = Pick<SchemeWords, 'secretIs' | 'source' | 'seen'> & { readonly leavesOpen?: string };

/**
 * The Standard Webhooks specification, whose headers begin with `webhook-`, and Svix, whose headers begin with `svix-`. The ID is
 * signed; an ID of the other family beside it must be the same, since nobody signed that.
 */
export function standardWebhooks(
	families: readonly Family[],
	secret: SecretForm,
	words: Words,
	takes: (secret: string) => boolean = () => true,
): SignatureScheme {
	const schemes = families.map((family) => [family, schemeOf(family, secret, words)] as const);
	const [, scheme] = schemes[0] ?? [];
	if (scheme === undefined) throw new RangeError('One family of headers is needed');
	return {
		...scheme,
		where: families.map((family) => `the header ${family}-signature`).join(' or '),
		verifier: (given) => (takes(given.trim()) ? scheme.verifier(given) : null),
		read: (request) => readFamily(schemes, request),
	};
}

function schemeOf(family: Family, secret: SecretForm, words: Words): SignatureScheme {
	return hmacScheme(
		{
			headers: [`${family}-signature`],
			algorithm: 'sha256',
			encoding: 'base64',
			prefix: 'v1,',
			separator: ' ',
			signed: '{id}.{timestamp}.{body}',
			timestamp: { header: `${family}-timestamp`, form: 's' },
			id: `${family}-id`,
			secret,
		},
		{ ...words, where: `the header ${family}-signature`, leavesOpen: words.leavesOpen ?? null },
	);
}

function readFamily(
	schemes: ReadonlyArray<readonly [Family, SignatureScheme]>,
	request: SignedRequest,
): ProofReading {
	const [used] = schemes.filter(([family]) => hasHeader(request, `${family}-signature`));
	if (used === undefined) return doubt('missing');
	const [family, scheme] = used;
	const other = family === 'svix' ? 'webhook-id' : 'svix-id';
	if (hasHeader(request, other) && headerOf(request, other) !== headerOf(request, `${family}-id`)) {
		return doubt('contradictory');
	}
	return scheme.read(request);
}
