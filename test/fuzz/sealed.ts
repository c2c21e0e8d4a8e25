import assert from 'node:assert/strict';
import fc from 'fast-check';
import { unsealToken, sealToken, storeNamedBy } from '../../lib/keys/claim-token';
import type { SealedClaim } from '../../lib/keys/claim-token';
import { DEFAULT_RESPONSE_RULES, responseOutcome } from '../../lib/results/response-outcome';
import { ALWAYS_REDACTED } from '../../lib/results/redaction';
import { REQUEST_PURPOSE, resultPurpose } from '../../lib/results/purposes';
import { decodeResult, encodeResult } from '../../lib/results/result-codec';
import type { ResultItem } from '../../lib/results/result-codec';
import { anything, canary, fromEntries, json, mutated, mutation, planted } from './generators';
import { noLeak, property } from './property';

/** What is sealed: claim tokens, stored results, and what is never stored. */

const KEYS = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const hex = (length: number) =>
	fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const PLAIN = { noNullPrototype: true } as const;
const claim: fc.Arbitrary<SealedClaim> = fc.record(
	{
		store: fc.constantFrom('embedded', 'postgres', 'redis'),
		identity: hex(64),
		owner: hex(32),
		fence: fc.maxSafeNat(),
		naming: text,
		remains: fc.record(
			{
				fingerprint: text,
				comparison: text,
				fieldDigests: fc.uint8Array({ maxLength: 192 }).map((bytes) => Buffer.from(bytes)),
				tenant: text,
				namespace: text,
				key: text,
				eventAt: fc.maxSafeNat(),
				retentionMs: fc.nat(),
				claimTimeoutMs: fc.nat(),
				onUnknownOutcome: fc.constantFrom('hold', 'retry'),
				workflowId: text,
				executionId: text,
			},
			PLAIN,
		),
		completeInSql: fc.boolean(),
	},
	PLAIN,
);

const items = fc.array(
	fc.tuple(fc.string({ maxLength: 5 }), json).map(([name, value]) => ({
		json: fromEntries([[name === 'error' ? 'e' : name, value]]),
	})),
	{ maxLength: 4 },
) as fc.Arbitrary<ResultItem[]>;
const secret = fc.string({ minLength: 1, maxLength: 30 });
const tenant = fc.option(text);
/** Two uses of bytes that differ: a request, or results of records in this or that state with this or that status. */
const purpose = fc.oneof(
	fc.constant(REQUEST_PURPOSE),
	fc
		.tuple(fc.constantFrom('completed', 'failed'), fc.nat(599))
		.map(([state, status]) => resultPurpose(state, status)),
);
const purposes = fc.tuple(purpose, purpose).filter(([one, other]) => one !== other);
const LIMIT = { maxBytes: 1_000_000 };

export const sealedProperties = [
	property('token: opens as it was sealed', [claim], (sealed) => {
		const token = sealToken(sealed, KEYS[0]!);
		assert.deepEqual(unsealToken(token, KEYS), { ok: true, claim: sealed });
		assert.equal(storeNamedBy(token), sealed.store);
		assert.equal(unsealToken(token, KEYS.slice(1)).ok, false);
	}),

	property('token: any change of it is refused', [claim, mutation], (sealed, change) => {
		const token = sealToken(sealed, KEYS[0]!);
		const changed = mutated(Buffer.from(token), change).toString('latin1');
		storeNamedBy(changed);
		const opened = unsealToken(changed, KEYS);
		// The last character of base64 has bits that mean nothing: the bytes, and so the claim, are then the same.
		if (opened.ok) assert.deepEqual(opened.claim, sealed);
	}),

	property('token: whatever is given, no error', [fc.oneof(text, fc.string())], (given) => {
		for (const token of [given, `idem1.${given}.${given}`, `idem1.W10.${given}`]) {
			storeNamedBy(token);
			assert.equal(unsealToken(token, KEYS).ok, false);
		}
	}),

	property(
		'result: comes back as it was',
		[items, secret, tenant, hex(64), purposes],
		(kept, key, of, id, [purpose, other]) => {
			const expected = JSON.stringify(kept.map(({ json: each }) => ({ json: each })));
			const plain = encodeResult(kept, LIMIT);
			assert.ok(plain.stored);
			const read = decodeResult(plain.bytes);
			assert.ok(read.ok);
			assert.equal(JSON.stringify(read.items), withoutOurOwn(expected));

			const encryption = { secret: key, tenant: of, identity: id, purpose };
			const sealed = encodeResult(kept, { ...LIMIT, encryption });
			assert.ok(sealed.stored);
			const at = { secrets: ['another', key], tenant: of, identity: id, purpose };
			const opened = decodeResult(sealed.bytes, at);
			assert.ok(opened.ok);
			assert.equal(JSON.stringify(opened.items), withoutOurOwn(expected));
			for (const wrong of [
				{ ...at, secrets: [`${key}x`] },
				{ ...at, purpose: other },
				{ ...at, tenant: `${of ?? ''}x` },
				{
					...at,
					identity: [...id].reverse().join('') === id ? `${id}0` : [...id].reverse().join(''),
				},
			]) {
				assert.equal(decodeResult(sealed.bytes, wrong).ok, false);
			}
			assert.equal(decodeResult(plain.bytes, at).ok, false);
		},
	),

	property(
		'result: changed bytes are refused in words without values',
		[planted, secret, mutation],
		(value, key, change) => {
			const at = { tenant: 't', identity: 'i', purpose: REQUEST_PURPOSE };
			const encryption = { secret: key, ...at };
			const kept = [{ json: { value } }];
			const sealed = encodeResult(kept, { ...LIMIT, encryption });
			noLeak('a sealed result', sealed.bytes.toString('latin1'));
			const bytes = mutated(sealed.bytes, change);
			const read = decodeResult(bytes, { ...at, secrets: [key] });
			assert.ok(!read.ok);
			noLeak('a message about a result', read.message);
			const plain = decodeResult(mutated(encodeResult(kept, LIMIT).bytes, change));
			if (!plain.ok) noLeak('a message about a result', plain.message);
		},
	),

	property(
		'result: random bytes give no error',
		[fc.uint8Array(), fc.nat({ max: 0x23 })],
		(bytes, codec) => {
			for (const given of [bytes, Buffer.concat([Buffer.of(codec), bytes])]) {
				decodeResult(given);
				const sealed = decodeResult(given, {
					secrets: ['s'],
					tenant: null,
					identity: 'i',
					purpose: '',
				});
				assert.ok(!sealed.ok || sealed.items === null);
			}
		},
	),

	property(
		'result: any item is kept or said not to be',
		[fc.array(anything), fc.nat()],
		(given, max) => {
			const odd = given.map((value) => ({ json: { value } }));
			const encoded = encodeResult(odd, { maxBytes: max });
			assert.ok(encoded.bytes.length <= Math.max(1, max));
			assert.ok(decodeResult(encoded.bytes).ok);
		},
	),

	property(
		'redaction: credentials are never in what is stored, however deep and written',
		[
			fc.constantFrom(...ALWAYS_REDACTED, 'iban'),
			fc.array(fc.boolean()),
			canary,
			fc.nat({ max: 30 }),
			json,
		],
		(name, cases, value, depth, beside) => {
			const written = [...name]
				.map((letter, at) => (cases[at] ? letter.toUpperCase() : letter))
				.join('');
			let inner: unknown = { beside, [written]: value };
			for (let level = 0; level < depth; level++) inner = level % 2 ? [inner] : { inner };
			const encoded = encodeResult([{ json: { inner } }], { ...LIMIT, redactFields: ['IBAN'] });
			const read = decodeResult(encoded.bytes);
			assert.ok(read.ok);
			noLeak('a stored result', read.items);
		},
	),

	property(
		'responses: an outcome for everything, in words without values',
		[fc.oneof(anything, planted), planted, fc.option(fc.integer()), fc.boolean()],
		(value, message, status, fromErrorOutput) => {
			for (const seen of [
				value,
				{ error: value },
				{ error: message },
				{ error: { message, status, request: message } },
				{ statusCode: status ?? value, headers: value, body: message },
				{ statusCode: status, headers: { 'retry-after': message } },
			]) {
				const outcome = responseOutcome({ json: seen, fromErrorOutput }, DEFAULT_RESPONSE_RULES);
				noLeak('the reason of an outcome', outcome);
			}
		},
	),
];

/** The field that the Guard added is not stored. */
function withoutOurOwn(expected: string): string {
	const parsed = JSON.parse(expected) as Array<{ json: Record<string, unknown> }>;
	for (const each of parsed) delete each.json.idempotency;
	return JSON.stringify(parsed);
}
