/** What scripts/test-e2e.mjs has made ready for all test files. */
export interface SetUp {
	/** From `ensureN8n`. */
	readonly install: {
		readonly version: string;
		readonly folder: string;
		readonly node: string;
		readonly bin: string;
	};
	/** This package, packed. */
	readonly tarball: string;
	/** The same under the next version number. */
	readonly newer: { readonly tarball: string; readonly version: string };
}

const text = process.env.IDEMPOTENCY_E2E;
if (text === undefined) {
	throw new Error('These tests need their set-up: run them by npm run test:e2e');
}

export const SET_UP = JSON.parse(text) as SetUp;
