import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { REQUEST_PURPOSE, resultPurpose } from '../../../lib/results/purposes';
import { decodeResult, encodeResult, MAX_TEXT_BYTES } from '../../../lib/results/result-codec';
import type { EncodedResult, ResultItem } from '../../../lib/results/result-codec';

const limits = { maxBytes: 1 << 20 };
const record = {
	tenant: 'acme',
	identity: 'a1'.repeat(32),
	purpose: resultPurpose('completed', 200),
};
const sealedBy = (secret: string) => ({ ...limits, encryption: { secret, ...record } });

const of = (...values: unknown[]): ResultItem[] => values.map((value) => ({ json: { value } }));

function bytesOf(encoded: EncodedResult): Buffer {
	expect(encoded.stored).toBe(true);
	return encoded.bytes;
}

function flipped(bytes: Buffer, index: number): Buffer {
	const copy = Buffer.from(bytes);
	copy[index] = (copy[index] ?? 0) ^ 1;
	return copy;
}

describe('a result', () => {
	it('comes back as it was, whatever JSON it is', () => {
		const anyJson = fc.dictionary(fc.string(), fc.jsonValue());
		fc.assert(
			fc.property(fc.array(anyJson), fc.boolean(), (list, isSealed) => {
				const text = JSON.stringify(list);
				fc.pre(!/authorization|cookie|x-api-key|idempotency|error/i.test(text));
				const items = list.map((json) => ({ json }));
				const bytes = bytesOf(encodeResult(items, isSealed ? sealedBy('s') : limits));
				const decoded = decodeResult(bytes, isSealed ? { secrets: ['s'], ...record } : undefined);
				expect(decoded).toEqual({ ok: true, items: JSON.parse(JSON.stringify(items)) as unknown });
			}),
		);
	});

	it.each([[[]], [of([])], [of({})], [of(null)], [of('')], [of(0)], [of(false)], [of(1, 2)]])(
		'%j comes back as it was',
		(items) => {
			expect(decodeResult(bytesOf(encodeResult(items, limits)))).toEqual({ ok: true, items });
		},
	);

	it('keeps binary data and own __proto__ keys', () => {
		const json = JSON.parse('{"__proto__":{"polluted":1}}') as ResultItem['json'];
		const data = randomBytes(2000).toString('base64');
		const items = [{ json, binary: { file: { data, mimeType: 'image/png', fileName: 'é.png' } } }];
		const decoded = decodeResult(bytesOf(encodeResult(items, limits)));
		expect(JSON.stringify(decoded)).toBe(JSON.stringify({ ok: true, items }));
		expect(({} as { polluted?: number }).polluted).toBeUndefined();
	});

	it('comes back from 20,000 levels', () => {
		let deep: unknown = 'end';
		for (let level = 0; level < 20_000; level++) deep = { deep };
		const decoded = decodeResult(bytesOf(encodeResult(of(deep), limits)));
		let value: unknown = decoded.ok && decoded.items?.[0]?.json.value;
		let levels = 0;
		for (; typeof value === 'object'; levels++) value = (value as { deep: unknown }).deep;
		expect([value, levels]).toEqual(['end', 20_000]);
	});

	it('is compressed from 1 KiB on', () => {
		const [short, long] = ['x'.repeat(900), 'x'.repeat(2000)].map((text) =>
			bytesOf(encodeResult(of(text), limits)),
		);
		expect([short?.[0], long?.[0]]).toEqual([0x01, 0x02]);
		expect(long?.length).toBeLessThan(100);
	});

	it('that has no items is told from none kept, with the reason', () => {
		const notKept = encodeResult(null, limits);
		expect(notKept).toMatchObject({ stored: false, reason: 'not_kept' });
		expect(decodeResult(notKept.bytes)).toEqual({ ok: true, items: null, reason: 'not_kept' });
		expect(decodeResult(encodeResult([], limits).bytes)).toEqual({ ok: true, items: [] });
	});
});

describe('the limit', () => {
	const noise = randomBytes(4000).toString('base64');

	it.each([limits, sealedBy('s')])('is on the stored bytes, to the byte', (options) => {
		const { length } = bytesOf(encodeResult(of(noise), options));
		expect(encodeResult(of(noise), { ...options, maxBytes: length })).toMatchObject({
			stored: true,
			size: length,
		});
		const refused = encodeResult(of(noise), { ...options, maxBytes: length - 1 });
		expect(refused).toMatchObject({
			stored: false,
			reason: 'too_large',
			size: length,
			limit: length - 1,
		});
		const sealed = options === limits ? undefined : { secrets: ['s'], ...record };
		expect(decodeResult(refused.bytes, sealed)).toEqual({
			ok: true,
			items: null,
			reason: 'too_large',
		});
	});

	it('lets through what compresses below it', () => {
		expect(encodeResult(of('x'.repeat(10_000)), { maxBytes: 1000 }).stored).toBe(true);
	});

	it('is not tried by compressing what is far longer', () => {
		const long = encodeResult(of('x'.repeat(20_000)), { maxBytes: 1000 });
		expect(long).toMatchObject({ stored: false, reason: 'too_large', size: 16_000 });
	});

	it.each([Infinity, NaN, 1 << 30])('of %d is bounded all the same', (maxBytes) => {
		const items = of('é'.repeat(MAX_TEXT_BYTES / 2));
		expect(encodeResult(items, { maxBytes })).toMatchObject({ stored: false, reason: 'too_large' });
	});

	it('bounds what bytes may inflate to', () => {
		const bomb = Buffer.from(`[${' '.repeat(MAX_TEXT_BYTES)}]`);
		const bytes = Buffer.concat([Buffer.of(0x02), deflateSync(bomb)]);
		expect(bytes.length).toBeLessThan(50_000);
		expect(decodeResult(bytes)).toMatchObject({ ok: false, problem: 'corrupt' });
	});
});

it('is an answer, not an exception, for items that cannot be written', () => {
	const hostile = {
		a: {
			toJSON: () => {
				throw new Error('hostile');
			},
		},
	};
	const encoded = encodeResult([{ json: hostile }], limits);
	expect(encoded).toMatchObject({ stored: false, reason: 'unserializable' });
	expect(decodeResult(encoded.bytes)).toMatchObject({ items: null, reason: 'unserializable' });
});

describe('a sealed result', () => {
	const small = of({ card: '4242' });
	const large = of('x'.repeat(5000));

	it.each([small, large])('shows nothing, differs each time, and opens', (...items) => {
		const first = bytesOf(encodeResult(items, sealedBy('s')));
		const second = bytesOf(encodeResult(items, sealedBy('s')));
		expect(first.includes('card')).toBe(false);
		expect(first.equals(second)).toBe(false);
		expect(decodeResult(first, { secrets: ['s'], ...record })).toEqual({ ok: true, items });
	});

	it.each([small, large])('is refused with any one bit changed', (...items) => {
		const bytes = bytesOf(encodeResult(items, sealedBy('s')));
		const opened = bytes.map((_byte, index) =>
			Number(decodeResult(flipped(bytes, index), { secrets: ['s'], ...record }).ok),
		);
		expect(opened.indexOf(1)).toBe(-1);
	});

	it('is refused when cut short at any length', () => {
		const bytes = bytesOf(encodeResult(small, sealedBy('s')));
		for (let length = 0; length < bytes.length; length++) {
			const cut = decodeResult(bytes.subarray(0, length), { secrets: ['s'], ...record });
			expect(cut).toMatchObject({ ok: false, problem: 'corrupt' });
		}
	});

	it.each([
		['record', { ...record, identity: 'b2'.repeat(32) }],
		['tenant', { ...record, tenant: 'other' }],
		['tenant that is none', { ...record, tenant: null }],
		['state', { ...record, purpose: resultPurpose('failed', 200) }],
		['status code', { ...record, purpose: resultPurpose('completed', 402) }],
		['purpose', { ...record, purpose: REQUEST_PURPOSE }],
	])('is refused at another %s', (_name, elsewhere) => {
		const bytes = bytesOf(encodeResult(small, sealedBy('s')));
		expect(decodeResult(bytes, { secrets: ['s'], ...elsewhere })).toMatchObject({
			ok: false,
			problem: 'corrupt',
		});
	});

	it('tells no tenant from one that is called null, and takes a long name', () => {
		for (const [tenant, other] of [
			[null, 'null'],
			['', null],
			['t'.repeat(5000), 't'],
		] as const) {
			const encryption = { secret: 's', identity: 'i', purpose: '', tenant };
			const bytes = bytesOf(encodeResult(small, { ...limits, encryption }));
			const opened = (name: string | null): boolean =>
				decodeResult(bytes, { secrets: ['s'], identity: 'i', purpose: '', tenant: name }).ok;
			expect([opened(tenant), opened(other)]).toEqual([true, false]);
		}
	});

	it('opens after rotation, and tells an unknown secret from tampering', () => {
		const bytes = bytesOf(encodeResult(small, sealedBy('old')));
		const by = (...secrets: string[]) => decodeResult(bytes, { secrets, ...record });
		expect(by('new', 'old')).toEqual({ ok: true, items: small });
		expect(by('new')).toMatchObject({ ok: false, problem: 'unknown_secret' });
		expect(by()).toMatchObject({ ok: false, problem: 'unknown_secret' });
		expect(decodeResult(bytes)).toMatchObject({ ok: false, problem: 'unknown_secret' });
	});

	it('cannot be replaced by one that is not sealed', () => {
		const plain = bytesOf(encodeResult(small, limits));
		expect(decodeResult(plain, { secrets: ['s'], ...record })).toMatchObject({
			ok: false,
			problem: 'corrupt',
		});
	});
});

describe('what a statement of the user left', () => {
	const left = (text: string) => Buffer.concat([Buffer.of(3), Buffer.from(text)]);

	it.each<[string, unknown[]]>([
		['{"id":7}', [{ id: 7 }]],
		['[{"id":7},{"id":8}]', [{ id: 7 }, { id: 8 }]],
		['[1,null,[2]]', [{ result: 1 }, { result: null }, { result: [2] }]],
		['"text"', [{ result: 'text' }]],
		['[]', []],
	])('%s comes back as items', (text, values) => {
		expect(decodeResult(left(text))).toEqual({
			ok: true,
			items: values.map((json) => ({ json })),
		});
	});

	it('may be nothing, also under a secret; under one it is never readable text', () => {
		const none = { ok: true, items: null, reason: 'not_kept' };
		expect(decodeResult(left(''))).toEqual(none);
		expect(decodeResult(left(''), { secrets: ['s'], ...record })).toEqual(none);
		const readable = decodeResult(left('{}'), { secrets: ['s'], ...record });
		expect(readable).toMatchObject({ ok: false, problem: 'corrupt' });
		expect(decodeResult(left('{'))).toMatchObject({ ok: false, problem: 'corrupt' });
	});
});

describe('bytes that are no result', () => {
	it.each([
		['empty', Buffer.alloc(0), 'corrupt'],
		['of another codec', Buffer.from('\u0004[]'), 'unknown_codec'],
		['text', Buffer.from('[]'), 'unknown_codec'],
		['no JSON', Buffer.from('\u0001['), 'corrupt'],
		['no list', Buffer.from('\u0001{}'), 'corrupt'],
		['no items', Buffer.from('\u0001[1]'), 'corrupt'],
		['an item whose json is a list', Buffer.from('\u0001[{"json":[]}]'), 'corrupt'],
		['an item whose binary is text', Buffer.from('\u0001[{"json":{},"binary":""}]'), 'corrupt'],
		['not UTF-8', Buffer.from('015b7b226a736f6e223a7b2261223a22ff227d7d5d', 'hex'), 'corrupt'],
		['not deflated', Buffer.from('\u0002[]'), 'corrupt'],
		['a marker with more behind', Buffer.from([0x20, 1]), 'corrupt'],
	])('%s', (_name, bytes, problem) => {
		expect(decodeResult(bytes)).toMatchObject({ ok: false, problem });
	});

	it('never make it throw', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, sealed) => {
				decodeResult(bytes, sealed ? { secrets: ['s'], ...record } : undefined);
			}),
			{ numRuns: 2000 },
		);
	});
});
