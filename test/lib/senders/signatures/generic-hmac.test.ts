import { createHmac } from 'node:crypto';

import { genericScheme, type GenericTerms } from '../../../../lib/senders/signatures/generic-hmac';
import { SeenTokens } from '../../../../lib/senders/signatures/seen-tokens';
import { verifySignature } from '../../../../lib/senders/signatures/verify-signature';
import { requestOf, TOLERANCE_MS } from './requests';

const PLAIN: GenericTerms = {
	header: 'X-Signature',
	algorithm: 'sha256',
	encoding: 'hex',
	prefix: '',
	separator: '',
	signed: '{body}',
	timestampHeader: '',
	timestampPrefix: '',
	timestampForm: 's',
	idHeader: '',
	secretForm: 'text',
};
const SECRET = 'a secret';
const NOW = 1_769_000_000_000;
const BODY = '{"a":1}';

function verdictOf(terms: Partial<GenericTerms>, headers: Record<string, string>, nowMs = NOW) {
	const scheme = genericScheme({ ...PLAIN, ...terms });
	if (typeof scheme === 'string') throw new Error(scheme);
	const vector = {
		sender: 'idempotencyKey',
		secret: SECRET,
		atMs: NOW,
		headers,
		body: BODY,
	} as const;
	const request = { ...requestOf(vector), url: 'https://a.example/x?y=1' };
	const verdict = verifySignature(request, {
		schemes: [scheme],
		secrets: [SECRET],
		toleranceMs: TOLERANCE_MS,
		nowMs,
		seenTokens: new SeenTokens(),
	});
	return verdict.ok ? 'ok' : verdict.cause;
}
const mac = (algorithm: string, text: string) => createHmac(algorithm, SECRET).update(text);

it.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)('%s, in each encoding', (algorithm) => {
	for (const encoding of ['hex', 'base64', 'base64url'] as const) {
		const signature = mac(algorithm, BODY).digest(encoding);
		expect(verdictOf({ algorithm, encoding }, { 'x-signature': signature })).toBe('ok');
	}
});

it('takes hex in either case, and nothing that is only nearly of the form', () => {
	const hex = mac('sha256', BODY).digest('hex');
	expect(verdictOf({}, { 'x-signature': hex.toUpperCase() })).toBe('ok');
	for (const given of [`${hex}0`, hex.slice(1), `0x${hex}`, '', 'zz', `${hex}=`]) {
		expect(verdictOf({}, { 'x-signature': given })).toBe('malformed');
	}
	const base64 = mac('sha256', BODY).digest('base64');
	for (const given of [`${base64}=`, base64.slice(0, -1), base64.replace(/.$/, '?')]) {
		expect(verdictOf({ encoding: 'base64' }, { 'x-signature': given })).toBe('malformed');
	}
});

it('a prefix, a time in its own header, the ID, method and URL', () => {
	const text = `a-1.1769000000.POST https://a.example/x?y=1 ${BODY}`;
	const headers = {
		'x-signature': `v1=${mac('sha256', text).digest('hex')}`,
		'x-time': '1769000000',
		'x-id': 'a-1',
	};
	const terms = {
		prefix: 'v1=',
		signed: '{id}.{timestamp}.{method} {url} {body}',
		timestampHeader: 'X-Time',
		idHeader: 'X-Id',
	};
	expect(verdictOf(terms, headers)).toBe('ok');
	expect(verdictOf(terms, { ...headers, 'x-id': 'a-2' })).toBe('wrong');
	// It could reach into the body, and the body be shorter.
	expect(verdictOf(terms, { ...headers, 'x-id': 'a.1' })).toBe('malformed');
	expect(verdictOf(terms, headers, NOW + TOLERANCE_MS + 1000)).toBe('too_old');
});

it.each([
	['s', '1769000000'],
	['ms', '1769000000000'],
	['iso', '2026-01-21T12:53:20Z'],
] as const)('a time in %s', (timestampForm, time) => {
	const headers = {
		'x-signature': mac('sha256', time + BODY).digest('hex'),
		'x-time': time,
	};
	const terms = { signed: '{timestamp}{body}', timestampHeader: 'X-Time', timestampForm };
	expect(verdictOf(terms, headers)).toBe('ok');
	expect(verdictOf(terms, headers, NOW - TOLERANCE_MS - 1000)).toBe('in_the_future');
	for (const odd of [` ${time}x`, `+${time}`, '1e9', '', '-1']) {
		expect(verdictOf(terms, { ...headers, 'x-time': odd })).not.toBe('ok');
	}
});

it.each([
	[{ header: '' }, 'name of the header'],
	[{ header: 'X Signature' }, 'name of the header'],
	[{ signed: '{timestamp}', timestampHeader: 'X-Time' }, '{body}'],
	[{ signed: '{body}{nonce}' }, '{nonce}'],
	[{ signed: '{timestamp}.{body}' }, '{timestamp}'],
	[{ timestampHeader: 'X-Time' }, 'not signed'],
	[{ signed: '{id}{body}' }, '{id}'],
	[{ signed: '{id}{body}', idHeader: 'X-Id' }, 'could take a piece of it'],
	[{ signed: '{timestamp}{body}', timestampPrefix: 't=' }, 'set apart'],
])('%j is refused, with the reason', (terms, words) => {
	const problem = genericScheme({ ...PLAIN, ...terms });
	expect(problem).toEqual(expect.stringContaining(words));
});
