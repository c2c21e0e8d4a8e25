import fc from 'fast-check';

import { comparedOf, partsOf } from '../../../lib/guard/compared';
import { ComparedDigests } from '../../../lib/guard/compared-digests';
import type { GuardItem, JsonObject } from '../../../lib/guard/item';
import { payloadOf } from '../../../lib/guard/payload';
import type { Digests } from '../../../lib/guard/recent-digests';
import { RecentDigests } from '../../../lib/guard/recent-digests';
import type { CompareTerms } from '../../../lib/guard/terms';
import { fieldDigestsOfTexts } from '../../../lib/keys/field-digests';
import { fingerprintOfText } from '../../../lib/keys/identity';

/** What is remembered of a body's bytes is what a fresh look at the request would give, whatever else of the request differs. */

/** Blanks behind a JSON text change nothing of it, and make a body large. */
const BLANKS = Buffer.alloc(64 * 1024, ' ');

class Counting extends RecentDigests {
	hits = 0;

	override get(name: string): Digests | undefined {
		const found = super.get(name);
		if (found !== undefined) this.hits++;
		return found;
	}
}

interface Sent {
	readonly text: string;
	readonly charset: BufferEncoding;
	readonly method: string | undefined;
	readonly query: JsonObject;
	readonly params: JsonObject;
	readonly terms: CompareTerms;
	readonly secret: string;
	readonly identity: string;
	readonly isLarge: boolean;
}

// The "é" of one charset is two letters of another, from the same bytes.
const texts = fc.constantFrom(
	'{"a":1,"b":"é"}',
	'{"b":"é","a":1}',
	'{"a":2,"b":"é"}',
	'{"a":{"c":[1]},"__proto__":{"a":1}}',
	'{"b":"no a"}',
	'[1,"é"]',
	'"é"',
	'null',
);
const FIELDS = {
	text: texts,
	charset: fc.constantFrom<BufferEncoding>('utf8', 'latin1'),
	method: fc.constantFrom('POST', 'PUT', undefined),
	query: fc.constantFrom<JsonObject>({}, { a: '1' }, { a: ['1'] }),
	params: fc.constantFrom<JsonObject>({}, { a: '1' }),
	terms: fc.constantFrom<CompareTerms>(
		{ by: 'auto' },
		{ by: 'payload' },
		{ by: 'none' },
		{ by: 'except', paths: ['body.a'] },
		{ by: 'except', paths: ['query.a'] },
		{ by: 'fields', paths: ['body.a'] },
	),
	secret: fc.constantFrom('', 'a secret'),
	identity: fc.constantFrom('one', 'two'),
	isLarge: fc.constantFrom(true, true, true, false),
};
const sent: fc.Arbitrary<Sent> = fc.record(FIELDS);

const NAMES = Object.keys(FIELDS) as Array<keyof Sent>;

/** One request, and others that differ from it in one thing: only those could be taken for it. */
const alike = fc
	.tuple(sent, fc.array(fc.tuple(sent, fc.constantFrom(...NAMES)), { maxLength: 10 }))
	.map(([one, others]) => [
		one,
		...others.map(([other, field]) => ({ ...one, [field]: other[field] })),
	]);

const KEY = {
	missing: false,
	parts: [],
	label: null,
	chosenBy: 'caller',
	retriesForHours: null,
} as const;

const HOST = {
	executionId: '',
	pending: true,
	hearsEnd: true,
	ownerOf: () => '',
	fileOf: async () => await Promise.resolve(Buffer.alloc(0)),
};

function itemOf({ text, charset, method, query, params, isLarge }: Sent): GuardItem {
	const bytes = Buffer.concat([Buffer.from(text), isLarge ? BLANKS : Buffer.alloc(0)]);
	const json: JsonObject = {
		headers: {},
		params,
		query,
		body: JSON.parse(bytes.toString(charset)) as object,
		webhookUrl: '',
		executionMode: 'production',
		...(method === undefined ? {} : { method }),
	};
	return { json, bodySource: { bytes, readAs: charset } };
}

async function comparedOfItem(terms: CompareTerms, item: GuardItem) {
	return await comparedOf(
		terms,
		item.json,
		KEY,
		async () => await payloadOf(HOST, item, 0, 'idempotency'),
	);
}

it('the digests are the same, remembered or fresh', async () => {
	let hits = 0;
	await fc.assert(
		fc.asyncProperty(alike, async (requests) => {
			const remembered = new Counting();
			// Each comes twice: the second time from what is remembered, where it is.
			for (const each of [...requests, ...requests]) {
				const item = itemOf(each);
				const compared = await comparedOfItem(each.terms, item);
				if (compared === null) continue;
				const { text, fields } = partsOf(compared);
				const digests = new ComparedDigests(compared, item, remembered);
				expect(digests.under(each.secret, each.identity)).toEqual({
					fingerprint: fingerprintOfText(text, each.secret),
					fieldDigests: fieldDigestsOfTexts(fields, each.secret),
				});
			}
			hits += remembered.hits;
		}),
		{ numRuns: 100 },
	);
	expect(hits).toBeGreaterThan(100);
});

const LARGE: Sent = {
	text: '{"a":1}',
	charset: 'utf8',
	method: 'POST',
	query: {},
	params: {},
	terms: { by: 'payload' },
	secret: '',
	identity: 'one',
	isLarge: true,
};

async function isRemembered(first: GuardItem, second: GuardItem, identity = 'one') {
	const remembered = new Counting();
	for (const [item, under] of [
		[first, 'one'],
		[second, identity],
	] as const) {
		const compared = await comparedOfItem({ by: 'payload' }, item);
		if (compared === null) throw new TypeError('The payload is compared');
		new ComparedDigests(compared, item, remembered).under('', under);
	}
	return remembered.hits === 1;
}

it('a request that comes again is remembered, and no other', async () => {
	const item = itemOf(LARGE);
	expect(await isRemembered(item, itemOf(LARGE))).toBe(true);
	expect(await isRemembered(item, itemOf(LARGE), 'two')).toBe(false);
	const small = itemOf({ ...LARGE, isLarge: false });
	expect(await isRemembered(small, small)).toBe(false);
	const withoutBytes = { json: item.json };
	expect(await isRemembered(withoutBytes, withoutBytes)).toBe(false);
	// What a class instance has is more than what it shows.
	const shows = {
		json: {
			...item.json,
			query: new (class {
				a = 1;
			})(),
		},
	};
	const instance = { ...item, ...shows };
	expect(await isRemembered(instance, instance)).toBe(false);
});

it('those not asked for the longest go first', () => {
	const recent = new RecentDigests(2);
	const digests = { fingerprint: '', fieldDigests: Buffer.alloc(0) };
	for (const name of ['a', 'b']) recent.set(name, digests);
	expect(recent.get('a')).toBe(digests);
	recent.set('c', digests);
	expect([recent.get('a'), recent.get('b'), recent.size]).toEqual([digests, undefined, 2]);
});
