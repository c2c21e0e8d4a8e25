import fc from 'fast-check';

/** What is thrown at the code under test: JSON and beyond, with marks planted where nothing may show them. */

/** Stands in values that no message, name or record field may hold. */
export const CANARY = 'cAnAry';
export const canary = fc.nat({ max: 0xffff }).map((n) => `${CANARY}${n.toString(36)}`);

const oddNames = [
	'__proto__',
	'constructor',
	'toString',
	'idempotency',
	'id',
	'a.b',
	'a[]',
	'',
	'0',
];
export const fieldName = fc.oneof(
	fc.constantFrom(...oddNames),
	fc.string({ unit: 'binary', maxLength: 6 }),
);

const oddNumbers = [0, -0, 2 ** 53 + 2, -(2 ** 53), 1e-7, 1e21, 5e-324, 1.7976931348623157e308];
const scalar = fc.oneof(
	fc.constantFrom<unknown>(null, true, false, ...oddNumbers),
	fc.integer(),
	fc.double({ noNaN: true, noDefaultInfinity: true }),
	fc.string({ unit: 'grapheme', maxLength: 8 }),
	fc.constantFrom('\u0000', '\u2028\ufeff', '1e400', '["v1"]', 'é', 'e\u0301', 'x'.repeat(2_000)),
);

/** Whatever JSON can hold, as JSON.parse gives it. */
export const { json } = fc.letrec<{ json: unknown }>((tie) => ({
	json: fc.oneof(
		{ maxDepth: 4, withCrossShrink: true },
		scalar,
		fc.array(tie('json'), { maxLength: 4 }),
		object(tie('json')),
	),
}));

/** What JSON can not hold, or only by a detour; also cut surrogates, cycles and objects that throw when read. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
	json,
	fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true }),
	fc.string({ unit: 'binary', maxLength: 8 }),
	fc.constantFrom<unknown>(undefined, Number.NaN, Infinity, '\ud800', Symbol('s'), () => 1),
	fc.constant(null).map(cycle),
	fc.constant(null).map(trap),
);

/** JSON whose every value is a canary; names are not. */
export const { planted } = fc.letrec<{ planted: unknown }>((tie) => ({
	planted: fc.oneof(
		{ maxDepth: 3 },
		canary,
		fc.array(tie('planted'), { minLength: 1, maxLength: 3 }),
		fc.dictionary(fc.constantFrom('a', 'amount', 'nested', 'message', 'body'), tie('planted'), {
			maxKeys: 3,
		}),
	),
}));

function object(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
	return fc
		.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 6 }), value), { maxLength: 5 })
		.chain((members) =>
			fc.constantFrom(...oddNames).map((odd) => fromEntries([...members, [odd, members.length]])),
		);
}

/** As JSON.parse does it: `__proto__` becomes a property like any other. */
export function fromEntries(entries: ReadonlyArray<readonly [string, unknown]>): object {
	const made = {};
	for (const [name, value] of entries) {
		Object.defineProperty(made, name, {
			value,
			enumerable: true,
			writable: true,
			configurable: true,
		});
	}
	return made;
}

/** Equal JSON whose objects name their members in another order. */
export function reordered(value: unknown): unknown {
	if (typeof value !== 'object' || value === null) return value;
	if (Array.isArray(value)) return value.map(reordered);
	const entries = Object.entries(value).map(([name, inner]) => [name, reordered(inner)] as const);
	return fromEntries(entries.reverse());
}

function cycle(): unknown {
	const self: Record<string, unknown> = { a: 1 };
	self.self = [self];
	return self;
}

function trap(): unknown {
	return {
		get secret() {
			throw new Error('not for you');
		},
	};
}

/** Another byte in one place, a byte less or one more. */
export const mutation = fc.record({
	kind: fc.constantFrom('flip', 'cut', 'grow'),
	at: fc.nat(),
	bit: fc.nat({ max: 7 }),
});

export function mutated(
	bytes: Uint8Array,
	{ kind, at, bit }: { kind: string; at: number; bit: number },
): Buffer {
	const copy = Buffer.from(bytes);
	const place = at % Math.max(1, copy.length);
	if (kind === 'cut') return copy.subarray(0, place);
	if (kind === 'grow') {
		return Buffer.concat([copy.subarray(0, place), Buffer.of(bit), copy.subarray(place)]);
	}
	copy.writeUInt8(copy.readUInt8(place) ^ (1 << bit), place);
	return copy;
}
