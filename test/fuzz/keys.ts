import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalJson, CanonicalJsonError } from '../../lib/keys/canonical-json';
import { deliveryIdOf, SENDERS } from '../../lib/senders/delivery-ids';
import { eventTimeOf, EARLIEST_EVENT_MS, LATEST_EVENT_MS } from '../../lib/keys/event-time';
import { changedFieldsOf, fieldDigestsOf } from '../../lib/keys/field-digests';
import { onlyPaths, valueAtPath, withoutPaths } from '../../lib/keys/field-paths';
import { fingerprintOf, identityOf, isMissingKey, tenantDigestOf } from '../../lib/keys/identity';
import { keyDoubtsOf } from '../../lib/keys/key-doubts';
import {
	deterministicKsuid,
	KSUID_EPOCH_MS,
	KSUID_LAST_MS,
	uuidV8,
} from '../../lib/keys/key-formats';
import { partsOfKsuid } from '../support/ksuid';
import { anything, canary, fieldName, json, planted, reordered } from './generators';
import { noLeak, property, unlessRefused } from './property';

/** Keys: canonical JSON, identities, differences, senders, paths and formats. */

const secret = fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: '' });
const identity = fc
	.uint8Array({ minLength: 32, maxLength: 32 })
	.map((bytes) => Buffer.from(bytes).toString('hex'));

const headerName = fc.oneof(
	fc.constantFrom('idempotency-key', ...SENDERS.flatMap(({ headers }) => headers)),
	fieldName,
);
const bodyName = fc.constantFrom(
	...'id event_id update_id eventId entry changes value messages object event topic partition'.split(
		' ',
	),
	...'offset properties messageId MessageId event-data signature sg_event_id type resource'.split(
		' ',
	),
);
const senderBody = fc.oneof(
	planted,
	json,
	fc.dictionary(bodyName, fc.oneof(planted, fc.array(fc.dictionary(bodyName, planted)))),
);
const path = fc.oneof(
	fc.array(fieldName, { minLength: 1, maxLength: 4 }).map((names) => names.join('.')),
	fc.constantFrom(
		'__proto__',
		'constructor.name',
		'a[].b',
		'[]',
		'..',
		'__proto__.polluted',
		'a[0]',
	),
	fc.string({ unit: 'binary', maxLength: 12 }),
);

export const keyProperties = [
	property(
		'canonical JSON: equal whatever the order, else different',
		[json, json],
		(one, other) => {
			const text = canonicalJson(one);
			assert.equal(canonicalJson(reordered(one)), text);
			assert.equal(JSON.stringify(sortedOf(JSON.parse(text))), JSON.stringify(sortedOf(one)));
			assert.equal(canonicalJson(JSON.parse(text)), text);
			const same = JSON.stringify(sortedOf(one)) === JSON.stringify(sortedOf(other));
			assert.equal(canonicalJson(other) === text, same);
		},
	),

	property('canonical JSON: refuses in words what JSON cannot hold', [anything], (value) => {
		const text = unlessRefused(() => canonicalJson(value), CanonicalJsonError);
		if (text !== undefined) assert.equal(canonicalJson(JSON.parse(text)), text);
	}),

	property(
		'canonical JSON: names the place and never the value',
		[canary, fc.constantFrom('\ud800', Number.NaN, Symbol('s'), 1n), planted],
		(text, odd, beside) => {
			const wrong = typeof odd === 'string' ? `${text}${odd}` : odd;
			unlessRefused(() => canonicalJson({ beside, wrong: [beside, wrong] }), CanonicalJsonError);
		},
	),

	property(
		'identity: of equal parts equal, of any other part another',
		[json, json, json, json, secret],
		(scope, tenant, keyParts, other, key) => {
			const parts = { scope, tenant, keyParts, secret: key };
			const made = identityOf(parts);
			assert.match(made, /^[0-9a-f]{64}$/);
			const again = { scope: reordered(scope), tenant: reordered(tenant), secret: key };
			assert.equal(identityOf({ ...again, keyParts: reordered(keyParts) }), made);
			for (const part of ['scope', 'tenant', 'keyParts'] as const) {
				const same = canonicalJson(other) === canonicalJson(parts[part]);
				assert.equal(identityOf({ ...parts, [part]: other }) === made, same);
			}
			assert.notEqual(identityOf({ ...parts, secret: `${key}x` }), made);
			const wrapped = { scope: [scope, tenant], tenant: keyParts, keyParts: null };
			assert.notEqual(identityOf({ ...wrapped, secret: key }), made);
			assert.notEqual(fingerprintOf(keyParts, key), fingerprintOf([keyParts], key));
			assert.match(tenantDigestOf(tenant, key), /^[\w-]{22}$/);
		},
	),

	property('a missing key: never an error, never hashed', [anything], (value) => {
		if (typeof value === 'object' && value !== null && 'secret' in value) return;
		const missing = isMissingKey(value);
		if (value === undefined || value === null || value === '') assert.ok(missing);
		if (typeof value === 'number' || typeof value === 'boolean') assert.ok(!missing);
	}),

	property(
		'differences: what is named did change, and no value is told',
		[fc.dictionary(fieldName, planted), fc.dictionary(fieldName, planted), secret],
		(one, other, key) => {
			const before = Object.entries(one).filter(([name]) => name.isWellFormed());
			const after = Object.entries(other).filter(([name]) => name.isWellFormed());
			const { changed } = changedFieldsOf(fieldDigestsOf(before, key), after, key);
			noLeak('a list of fields that differ', changed);
			for (const name of changed) {
				assert.ok(after.some(([known]) => known === name));
				const was = before.find(([known]) => known === name);
				if (was === undefined) continue;
				assert.notEqual(canonicalJson(was[1]), canonicalJson(other[name]));
			}
		},
	),

	property(
		'senders: an id or a reason, never an error, never a value',
		[
			fc.dictionary(headerName, fc.oneof(canary, planted, json)),
			senderBody,
			fc.constantFrom('auto' as const, ...SENDERS.map(({ value }) => value)),
		],
		(headers, body, sender) => {
			for (const item of [{ headers, body, query: {} }, body]) {
				const answer = deliveryIdOf({ json: item }, sender);
				if (answer.found) assert.notEqual(answer.id.trim(), '');
				else noLeak('a reason for no delivery id', answer.message);
			}
		},
	),

	property('doubts about a key: names, no values', [fc.oneof(planted, json)], (value) => {
		noLeak('a doubt', keyDoubtsOf(value));
	}),

	property(
		'field paths: own fields only, and the input stays',
		[json, path, path],
		(value, a, b) => {
			const before = canonicalJson(value);
			const found = valueAtPath(value, a);
			assert.notEqual(typeof found, 'function');
			assert.ok(found === undefined || !isInherited(found));
			withoutPaths(value, [a, b]);
			onlyPaths(value, [a, b]);
			assert.equal(canonicalJson(value), before);
			assert.equal(({} as { polluted?: unknown }).polluted, undefined);
		},
	),

	property(
		'formats: a KSUID and a UUID of every identity and time',
		[identity, fc.integer({ min: KSUID_EPOCH_MS, max: KSUID_LAST_MS })],
		(id, timeMs) => {
			const parsed = partsOfKsuid(deterministicKsuid(id, timeMs));
			assert.equal(parsed.timeMs, Math.floor(timeMs / 1000) * 1000);
			assert.equal(parsed.payload.toString('hex'), id.slice(0, 32));
			assert.match(
				uuidV8(id),
				/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
			);
		},
	),

	property(
		'event times: within range or refused, never NaN, and no value told',
		[
			fc.oneof(
				anything,
				fc.integer(),
				fc.date({ noInvalidDate: false }),
				canary,
				fc.double().map(String),
			),
		],
		(value) => {
			const time = eventTimeOf(value);
			if (time.ok) {
				assert.ok(Number.isInteger(time.timeMs));
				assert.ok(time.timeMs >= EARLIEST_EVENT_MS && time.timeMs <= LATEST_EVENT_MS);
			} else noLeak('a refused time', time.problem);
		},
	),
];

function isInherited(found: unknown): boolean {
	return found === Object.prototype || found === Array.prototype || found === String.prototype;
}

/** A second way to tell whether two values are the same JSON: sorted by hand, -0 as 0. */
function sortedOf(value: unknown): unknown {
	if (typeof value !== 'object' || value === null) return value;
	if (Array.isArray(value)) return value.map(sortedOf);
	return Object.entries(value)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, inner]) => [{ name }, sortedOf(inner)]);
}
