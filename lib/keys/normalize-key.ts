/** What is done to the texts of a key, so that spellings of one thing become one key. */
export interface KeyNormalization {
	/** Blanks at both ends are left out. */
	readonly trim: boolean;
	/** Capital letters become small ones, by Unicode's own rules: the same in every language. */
	readonly lowerCase: boolean;
	/** A letter with its accent is one character (Unicode NFC), however it was typed. */
	readonly unicode: boolean;
}

/**
 * A key whose texts are normalized, those within lists and objects too; names of fields and all other values stay. What becomes
 * empty stays empty, and is then a missing key.
 */
export function normalizedKey(value: unknown, how: KeyNormalization): unknown {
	if (typeof value === 'string') return normalizedText(value, how);
	if (Array.isArray(value)) return value.map((each) => normalizedKey(each, how));
	if (!isPlainObject(value)) return value;
	return Object.fromEntries(
		Object.entries(value).map(([name, each]) => [name, normalizedKey(each, how)]),
	);
}

function normalizedText(text: string, { trim, lowerCase, unicode }: KeyNormalization): string {
	let result = text;
	if (lowerCase) result = result.toLowerCase();
	// After the letters have changed: a small letter may be composed where the capital was not.
	if (unicode) result = result.normalize('NFC');
	return trim ? result.trim() : result;
}

/** Whatever else it is (a date, a map) has a canonical form of its own, or none. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
	if (typeof value !== 'object' || value === null) return false;
	const prototype: unknown = Object.getPrototypeOf(value);
	return prototype === Object.prototype || prototype === null;
}
