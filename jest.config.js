const core = require.resolve('n8n-core');
/** The copy of a package that n8n-core itself loads: n8n's own nodes have to use the same. */
const asCore = (name) => require.resolve(name, { paths: [core] });

/** Tests run on the Node of node_modules/.bin (24), which has node:sqlite; `npm test` puts it first on PATH. */
module.exports = {
	testEnvironment: 'node',
	roots: ['<rootDir>/test'],
	testMatch: ['**/*.test.ts'],
	testPathIgnorePatterns: ['<rootDir>/test/e2e/'],
	transform: {
		'^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.check.json', diagnostics: false }],
	},
	// n8n's own nodes, which some tests run, lie in the install of the real n8n.
	globalSetup: '<rootDir>/test/support/install-n8n.mjs',
	moduleNameMapper: {
		'^n8n-core$': core,
		'^n8n-workflow$': asCore('n8n-workflow'),
		'^@n8n/backend-common$': asCore('@n8n/backend-common'),
		'^@n8n/config$': asCore('@n8n/config'),
		'^@n8n/di$': asCore('@n8n/di'),
		// An ES module, which jest can't load, for the pages of forms: n8n's Wait names it, and asks it for nothing here.
		'^sanitize-html$': '<rootDir>/test/support/engine/no-html.ts',
	},
	reporters: ['default', '<rootDir>/scripts/jest-summary-reporter.cjs'],
	// No test asserts how long something takes. This ends what never would, on a busy machine too.
	testTimeout: 120_000,
	// What a failed test left running must not keep the checks from ending.
	forceExit: true,
	// Not in the folder for temporary files: `--onlyFailures` asks what failed before.
	cacheDirectory: '<rootDir>/node_modules/.cache/jest',
};
