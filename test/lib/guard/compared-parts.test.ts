import fc from 'fast-check';

import { attempt } from '../../../lib/core/attempt';
import { partsOf } from '../../../lib/guard/compared';
import type { JsonObject } from '../../../lib/guard/item';
import { topFieldsOf } from '../../../lib/guard/payload';
import { canonicalJson } from '../../../lib/keys/canonical-json';
import { fieldDigestsOf, fieldDigestsOfTexts } from '../../../lib/keys/field-digests';

/** What is written once for both gives the fingerprint and the field digests that each would have alone. */

const hostile = fc.constantFrom<unknown>(
	undefined,
	NaN,
	1n,
	'half \ud83d',
	new Date(0),
	new Date(NaN),
	new Map(),
	{ toJSON: () => 'shown' },
	new (class {
		one = 1;
	})(),
);
const names = fc.oneof(
	fc.constantFrom('body', 'query', 'params', 'binary', '__proto__', 'a', '1'),
	fc.string({ maxLength: 3 }),
);
const leaf = fc.oneof({ weight: 9, arbitrary: fc.jsonValue() }, { weight: 1, arbitrary: hostile });
const members = fc.array(fc.tuple(names, leaf), { maxLength: 40 }).map(objectOf);
const payload = fc.array(fc.tuple(names, fc.oneof(leaf, members)), { maxLength: 40 }).map(objectOf);

function objectOf(entries: ReadonlyArray<readonly [string, unknown]>): JsonObject {
	const object: JsonObject = {};
	for (const [name, value] of entries) {
		Object.defineProperty(object, name, { value, enumerable: true, configurable: true });
	}
	return object;
}

const failure = (error: unknown) => ({ refused: String(error) });

it.each(['', 'a secret'])('of a payload, with the secret "%s"', (secret) => {
	let refused = 0;
	fc.assert(
		fc.property(payload, (value) => {
			const fields = topFieldsOf(value);
			const apart = attempt(() => [canonicalJson(value), fieldDigestsOf(fields, secret)]);
			const together = attempt(() => {
				const parts = partsOf({ value, comparison: '', fields: () => fields });
				return [parts.text, fieldDigestsOfTexts(parts.fields, secret)];
			});
			if (!apart.ok) refused++;
			expect(together.ok ? together.value : failure(together.error)).toEqual(
				apart.ok ? apart.value : failure(apart.error),
			);
		}),
		{ numRuns: 500 },
	);
	expect(refused).toBeGreaterThan(10);
});

it('of chosen fields', () => {
	const pair = fc.tuple(names, fc.oneof(leaf, members));
	fc.assert(
		fc.property(fc.uniqueArray(pair, { selector: ([name]) => name }), (fields) => {
			const apart = attempt(() => [canonicalJson(fields), fieldDigestsOf(fields)]);
			const together = attempt(() => {
				const parts = partsOf({ value: fields, comparison: '', fields: () => fields });
				return [parts.text, fieldDigestsOfTexts(parts.fields)];
			});
			expect(together.ok ? together.value : failure(together.error)).toEqual(
				apart.ok ? apart.value : failure(apart.error),
			);
		}),
		{ numRuns: 300 },
	);
});
