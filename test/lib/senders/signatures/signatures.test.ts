import { createHmac, randomBytes } from 'node:crypto';

import { SENDERS } from '../../../../lib/senders/delivery-ids';
import { SeenTokens } from '../../../../lib/senders/signatures/seen-tokens';
import { SENDER_SIGNATURES, schemesOf } from '../../../../lib/senders/signatures/sender-signatures';
import { requestOf, TOLERANCE_MS, verdictOn } from './requests';
import { VECTORS, type Vector } from './vectors';

const vectorOf = (name: string): Vector => {
	const found = VECTORS.find((vector) => vector.name === name);
	if (found === undefined) throw new Error(`no vector ${name}`);
	return found;
};
const check = (vector: Vector, nowMs = vector.atMs, secrets = [vector.secret]) =>
	verdictOn(vector.sender, requestOf(vector), { secrets, nowMs });

it('has a vector for every way in which a sender signs', () => {
	const signing = SENDERS.map(({ value }) => value).filter((value) => schemesOf(value).length > 0);
	expect([...new Set(VECTORS.map(({ sender }) => sender))].sort()).toEqual(signing.sort());
});

it.each(SENDERS.map(({ value }) => value))(
	'%s says how it signs, or why that is unchecked',
	(value) => {
		const signature = SENDER_SIGNATURES[value];
		if ('unchecked' in signature) return expect(signature.unchecked).not.toBe('');
		for (const { where, how, secretIs, source } of signature.schemes) {
			expect([where, how, secretIs].every((text) => text.length > 5)).toBe(true);
			expect(source).toMatch(/^https:\/\//);
		}
	},
);

describe.each(VECTORS.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
	const isToken = vector.madeBy === 'the token itself';
	const signsBody = !isToken && vector.sender !== 'mailgun';

	it('is believed', () => expect(check(vector)).toBe('ok'));

	it('is believed under either of two secrets', () => {
		const other = randomSecretLike(vector.secret);
		expect(check(vector, vector.atMs, [other, vector.secret])).toBe('ok');
		expect(check(vector, vector.atMs, [vector.secret, ''])).toBe('ok');
	});

	it('is refused under another secret, and under none', () => {
		expect(check(vector, vector.atMs, [randomSecretLike(vector.secret)])).toBe('wrong');
		for (const none of [[], [''], ['', '  ']]) {
			expect(check(vector, vector.atMs, none)).toBe('unusable_secret');
		}
	});

	it('is refused without its signature', () => {
		const bare = { ...requestOf(vector), headers: {}, body: {} };
		expect(verdictOn(vector.sender, bare, { secrets: [vector.secret], nowMs: vector.atMs })).toBe(
			'missing',
		);
	});

	it('is refused for any other body', () => {
		if (!signsBody) return expect(vector.sender).toMatch(/gitlab|telegram|mailgun|microsoftGraph/);
		for (const body of [`${vector.body} `, vector.body.slice(1), '']) {
			const forged = { ...requestOf(vector), rawBody: Buffer.from(body) };
			expect(
				verdictOn(vector.sender, forged, { secrets: [vector.secret], nowMs: vector.atMs }),
			).toBe('wrong');
		}
	});

	it('is refused where its bytes are not known', () => {
		if (!signsBody) return expect(vector.sender).toMatch(/gitlab|telegram|mailgun|microsoftGraph/);
		const lost = { ...requestOf(vector), rawBody: null };
		expect(verdictOn(vector.sender, lost, { secrets: [vector.secret], nowMs: vector.atMs })).toBe(
			'no_raw_body',
		);
	});

	it('is refused for any change of a header of it', () => {
		for (const [name, value] of Object.entries(vector.headers)) {
			if (name === 'content-type') continue;
			for (let i = 0; i < value.length; i += 7) {
				const other = value[i] === '0' ? '1' : '0';
				const changed = { [name]: value.slice(0, i) + other + value.slice(i + 1) };
				const request = { ...requestOf(vector), headers: { ...vector.headers, ...changed } };
				const verdict = verdictOn(vector.sender, request, {
					secrets: [vector.secret],
					nowMs: vector.atMs,
				});
				// What stands beside the signature that fits may be anything.
				if (i < value.lastIndexOf(' ')) continue;
				expect([name, i, verdict]).not.toEqual([name, i, 'ok']);
			}
		}
	});

	it('is refused for another URL where that is signed', () => {
		const [scheme] = schemesOf(vector.sender);
		if (scheme?.signsUrl !== true) return expect(vector.url).toBeUndefined();
		for (const [url, cause] of [
			['https://n8n.example.com/webhook/other', 'wrong'],
			['not a url', vector.sender === 'twilio' ? 'no_url' : 'wrong'],
			[null, 'no_url'],
		] as const) {
			const request = { ...requestOf(vector), url };
			expect(
				verdictOn(vector.sender, request, { secrets: [vector.secret], nowMs: vector.atMs }),
			).toBe(cause);
		}
	});
});

describe('the time', () => {
	const timed = VECTORS.filter(({ sender }) =>
		[
			'stripe',
			'slack',
			'standardWebhooks',
			'paddle',
			'linear',
			'hubSpot',
			'mailgun',
			'sendGrid',
			'zoom',
			'calendly',
			'zendesk',
			'twitch',
			'polar',
			'discord',
		].includes(sender),
	);

	it.each(timed.map((vector) => [vector.name, vector] as const))(
		'of %s is checked',
		(_, vector) => {
			expect(check(vector, vector.atMs + TOLERANCE_MS)).toBe('ok');
			expect(check(vector, vector.atMs - TOLERANCE_MS)).toBe('ok');
			expect(check(vector, vector.atMs + TOLERANCE_MS + 1000)).toBe('too_old');
			expect(check(vector, vector.atMs - TOLERANCE_MS - 1000)).toBe('in_the_future');
		},
	);

	it('is asked for after the signature: nobody learns from it whether a signature fits', () => {
		const vector = vectorOf('Stripe');
		expect(check(vector, vector.atMs * 2, ['another'])).toBe('wrong');
	});

	it('is looked for in the signed body of Linear, not in its unsigned header', () => {
		const body = '{"action":"create"}';
		const signature = createHmac('sha256', 'k').update(body).digest('hex');
		const headers = { 'linear-signature': signature, 'linear-timestamp': '1769000000000' };
		const request = requestOf({ sender: 'linear', secret: 'k', atMs: 0, headers, body });
		expect(verdictOn('linear', request, { secrets: ['k'], nowMs: 1_769_000_000_000 })).toBe(
			'no_timestamp',
		);
	});
});

describe('several signatures in one header', () => {
	const stripe = vectorOf('Stripe');
	const paddle = vectorOf('Paddle');
	const wrong = 'ab'.repeat(32);
	const withHeader = (vector: Vector, name: string, value: string) =>
		check({ ...vector, headers: { [name]: value } });

	it('are each tried', () => {
		const [time, signature] = String(stripe.headers['stripe-signature']).split(',');
		expect(
			withHeader(stripe, 'stripe-signature', `${time},v1=${wrong},${signature},v0=${wrong}`),
		).toBe('ok');
		const [ts, h1] = String(paddle.headers['paddle-signature']).split(';');
		expect(withHeader(paddle, 'paddle-signature', `${ts};h1=${wrong};${h1}`)).toBe('ok');
	});

	it('are no more than ten, and have one time', () => {
		const [time, signature] = String(stripe.headers['stripe-signature']).split(',');
		const many = Array.from({ length: 10 }, () => `v1=${wrong}`).join(',');
		expect(withHeader(stripe, 'stripe-signature', `${time},${signature},${many}`)).toBe(
			'malformed',
		);
		expect(withHeader(stripe, 'stripe-signature', `${time},t=1,${signature}`)).toBe('malformed');
		expect(withHeader(stripe, 'stripe-signature', String(signature))).toBe('no_timestamp');
	});

	it('of another scheme count for nothing', () => {
		const [time, signature] = String(stripe.headers['stripe-signature']).split(',');
		const old = String(signature).replace('v1=', 'v0=');
		expect(withHeader(stripe, 'stripe-signature', `${time},${old}`)).toBe('malformed');
	});
});

describe('what a caller adds', () => {
	it('cannot give a signed Svix delivery another ID', () => {
		const svix = vectorOf('Svix');
		const headers = { ...svix.headers, 'webhook-id': 'fresh' };
		expect(check({ ...svix, headers })).toBe('contradictory');
		expect(check({ ...svix, headers: { ...svix.headers, 'webhook-id': 'msg_1' } })).toBe('ok');
	});

	it('cannot choose between two headers of Shopify', () => {
		const shopify = vectorOf('Shopify');
		const headers = { ...shopify.headers, 'shopify-hmac-sha256': 'AAAA' };
		expect(check({ ...shopify, headers })).toBe('malformed');
	});

	it('a header that comes twice is refused', () => {
		const github = vectorOf('GitHub');
		const value = String(github.headers['x-hub-signature-256']);
		for (const twice of [[value, value], `${value}, ${value}`]) {
			const request = { ...requestOf(github), headers: { 'x-hub-signature-256': twice } };
			expect(verdictOn('github', request, { secrets: ['secret'], nowMs: 0 })).toBe('malformed');
		}
	});

	it('an inherited header is none', () => {
		const github = vectorOf('GitHub');
		const headers = Object.create(github.headers) as Record<string, unknown>;
		const request = { ...requestOf(github), headers };
		expect(verdictOn('github', request, { secrets: ['secret'], nowMs: 0 })).toBe('missing');
	});

	it("says nothing about which of GitLab's ways is checked: the secret does", () => {
		const signed = vectorOf('GitLab with a signing token, which signs as Standard Webhooks');
		const token = vectorOf('GitLab with a secret token');
		expect(check({ ...token, secret: signed.secret })).toBe('missing');
		expect(
			check({ ...token, secret: signed.secret, headers: { 'x-gitlab-token': signed.secret } }),
		).toBe('missing');
		expect(check({ ...signed, secret: token.secret })).toBe('missing');
	});
});

describe('Twilio', () => {
	const form = vectorOf('Twilio, a form, published');
	const json = vectorOf('Twilio, JSON by bodySHA256');

	it('is believed with and without the standard port', () => {
		const url = 'https://mycompany.com:443/myapp.php?foo=1&bar=2';
		expect(check({ ...form, url })).toBe('ok');
	});

	it('a body that is neither a form nor digested in the URL is not signed', () => {
		expect(
			check({ ...form, headers: { ...form.headers, 'content-type': 'application/json' } }),
		).toBe('wrong');
		expect(check({ ...json, url: 'https://n8n.example.com/webhook/tw' })).toBe('wrong');
	});
});

describe('Mailgun, which signs no body', () => {
	const mailgun = vectorOf('Mailgun');
	const forged = { ...mailgun, body: mailgun.body.replace('W3X4', 'FORGED') };
	const terms = (seenTokens: SeenTokens, nowMs = mailgun.atMs) => ({
		secrets: [mailgun.secret],
		nowMs,
		seenTokens,
	});

	it('takes a token with one body only, as long as its time is accepted', () => {
		const seen = new SeenTokens();
		expect(verdictOn('mailgun', requestOf(mailgun), terms(seen))).toBe('ok');
		expect(verdictOn('mailgun', requestOf(mailgun), terms(seen))).toBe('ok');
		expect(verdictOn('mailgun', requestOf(forged), terms(seen))).toBe('reused');
		const lastMoment = mailgun.atMs + TOLERANCE_MS;
		expect(verdictOn('mailgun', requestOf(forged), terms(seen, lastMoment))).toBe('reused');
		expect(verdictOn('mailgun', requestOf(forged), terms(seen, lastMoment + 1))).toBe('too_old');
	});

	it('does not remember the tokens of what was not believed', () => {
		const seen = new SeenTokens();
		const guessed = { ...terms(seen), secrets: ['wrong'] };
		expect(verdictOn('mailgun', requestOf(forged), guessed)).toBe('wrong');
		expect(verdictOn('mailgun', requestOf(mailgun), terms(seen))).toBe('ok');
	});

	it("believes the signature of a subaccount's main account", () => {
		const body = JSON.parse(mailgun.body) as { signature: Record<string, string> };
		const { signature = '' } = body.signature;
		body.signature = {
			...body.signature,
			signature: 'ab'.repeat(32),
			'parent-signature': signature,
		};
		expect(check({ ...mailgun, body: JSON.stringify(body) })).toBe('ok');
	});
});

/** Of the same form: what a user could have pasted. */
function randomSecretLike(secret: string): string {
	if (secret.startsWith('MFkw')) {
		return 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1NGe1OPzpA==';
	}
	if (/^[\da-f]{64}$/.test(secret)) {
		return 'a7af4d65ac4ab4f9ad7f3a15d4d4fa1ce6d8b5c0c3ab5a59b8e1d1a1b2e0d9f1';
	}
	return secret.startsWith('whsec_M')
		? `whsec_${randomBytes(24).toString('base64')}`
		: randomBytes(16).toString('hex');
}
