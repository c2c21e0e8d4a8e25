import fc from 'fast-check';
import { createHash } from 'node:crypto';
import {
	KSUID_EPOCH_MS,
	KSUID_LAST_MS,
	deterministicKsuid,
	uuidV8,
} from '../../../lib/keys/key-formats';
import { partsOfKsuid } from '../../support/ksuid';

/** The largest of 20 bytes in base 62. */
const KSUID_MAX_TEXT = 'aWgEPTl1tmebfsQzFP4bxwgy80V';

const identity = fc
	.uint8Array({ minLength: 32, maxLength: 32 })
	.map((bytes) => Buffer.from(bytes).toString('hex'));
const time = fc.integer({ min: KSUID_EPOCH_MS, max: KSUID_LAST_MS + 999 });

describe('deterministicKsuid', () => {
	it('gives the KSUID of the reference implementation for its time and payload', () => {
		const payload = 'b5a1cd34b5f99d1154fb6853345c9735';
		expect(deterministicKsuid(payload + 'f'.repeat(32), 1_507_608_047_999)).toBe(
			'0ujtsYcgvSTl8PAuAdqWYSMnLOv',
		);
	});

	it('covers both ends of its range and nothing beyond', () => {
		expect(deterministicKsuid('0'.repeat(64), KSUID_EPOCH_MS)).toBe('0'.repeat(27));
		expect(deterministicKsuid('f'.repeat(64), KSUID_LAST_MS + 999)).toBe(KSUID_MAX_TEXT);
		for (const out of [KSUID_EPOCH_MS - 1, KSUID_LAST_MS + 1000, NaN, Infinity, -1]) {
			expect(() => deterministicKsuid('0'.repeat(64), out)).toThrow(RangeError);
		}
	});

	it('depends on whole seconds and the first 16 bytes, and sorts by time', () => {
		fc.assert(
			fc.property(identity, identity, time, time, (a, b, t1, t2) => {
				const ksuid = deterministicKsuid(a, t1);
				expect(ksuid).toHaveLength(27);
				expect(deterministicKsuid(a.slice(0, 32) + b.slice(32), t1 - (t1 % 1000))).toBe(ksuid);
				if (a.slice(0, 32) !== b.slice(0, 32)) expect(deterministicKsuid(b, t1)).not.toBe(ksuid);
				const [s1, s2] = [Math.floor(t1 / 1000), Math.floor(t2 / 1000)];
				if (s1 < s2) expect(ksuid < deterministicKsuid(b, t2)).toBe(true);
				expect(partsOfKsuid(ksuid)).toEqual({
					timeMs: s1 * 1000,
					payload: Buffer.from(a.slice(0, 32), 'hex'),
				});
			}),
		);
	});

	it.each([
		'',
		'f'.repeat(63),
		'f'.repeat(65),
		'F'.repeat(64),
		'g'.repeat(64),
		`${'f'.repeat(64)}\n`,
	])('refuses the identity %p', (bad) => {
		expect(() => deterministicKsuid(bad, KSUID_EPOCH_MS)).toThrow(RangeError);
		expect(() => uuidV8(bad)).toThrow(RangeError);
	});
});

describe('uuidV8', () => {
	it('gives the example of RFC 9562, appendix B.2', () => {
		const namespace = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');
		const hash = createHash('sha256').update(namespace).update('www.example.com').digest('hex');
		expect(uuidV8(hash)).toBe('5c146b14-3c52-8afd-938a-375d0df1fbf6');
	});

	it('sets version and variant and keeps every other bit', () => {
		fc.assert(
			fc.property(identity, (id) => {
				const uuid = uuidV8(id);
				expect(uuid).toMatch(
					/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
				);
				const mask = BigInt('0xffffffffffff0fff3fffffffffffffff');
				const bits = (hex: string) => BigInt(`0x${hex}`) & mask;
				expect(bits(uuid.replaceAll('-', ''))).toBe(bits(id.slice(0, 32)));
			}),
		);
	});
});
