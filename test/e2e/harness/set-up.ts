/** What scripts/test-e2e.ts, or test-compat.ts, has made ready for all test files. */
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
	/** The same under the next version number; not where an older n8n is tested. */
	readonly newer: { readonly tarball: string; readonly version: string };
	/** What the embedded store does on the Node that runs an older n8n. */
	readonly embeddedStore?: 'works' | 'refused';
}

const text = process.env.IDEMPOTENCY_E2E;
if (text === undefined) {
	throw new Error('These tests need their set-up: run them by npm run test:e2e');
}

export const SET_UP = JSON.parse(text) as SetUp;

/** n8n 1: a workflow is activated, not published, and a node is not told that its execution ended. */
export const IS_OLDER = SET_UP.install.version.startsWith('1.');
