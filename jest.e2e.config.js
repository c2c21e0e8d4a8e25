/**
 * The end-to-end tests, which `npm run test:e2e` (scripts/test-e2e.ts) runs, with the flag of Node by which jest loads the ES
 * modules of scripts/lib.
 */
module.exports = {
	testEnvironment: 'node',
	roots: ['<rootDir>/test/e2e'],
	// Not those of folders: what runs them says so.
	testMatch: ['<rootDir>/test/e2e/*.test.ts'],
	transform: {
		'^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.check.json', diagnostics: false }],
	},
	setupFilesAfterEnv: ['<rootDir>/test/e2e/harness/clean-up.ts'],
	reporters: ['default', '<rootDir>/scripts/jest-summary-reporter.cjs'],
	// A storm and the end of a lease.
	testTimeout: 900_000,
	// One n8n after the other: two would only wait for each other's processor time.
	maxWorkers: 1,
	verbose: true,
	// What a failed test left running is ended by what runs these tests.
	forceExit: true,
	// Not in the folder for temporary files, which goes with the run: `--onlyFailures` asks what failed before.
	cacheDirectory: '<rootDir>/node_modules/.cache/jest-e2e',
};
