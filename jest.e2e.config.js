/**
 * The end-to-end tests, which `npm run test:e2e` (scripts/test-e2e.mjs) runs. As ES modules, unlike the other tests: what starts
 * n8n, in scripts/lib, is made of them.
 */
module.exports = {
	testEnvironment: 'node',
	roots: ['<rootDir>/test/e2e'],
	// Not those of folders: what runs them says so.
	testMatch: ['<rootDir>/test/e2e/*.test.ts'],
	extensionsToTreatAsEsm: ['.ts'],
	moduleFileExtensions: ['ts', 'mjs', 'js', 'json', 'node'],
	transform: {
		'^.+\\.ts$': [
			'ts-jest',
			{
				useESM: true,
				diagnostics: false,
				tsconfig: { target: 'es2022', module: 'esnext', moduleResolution: 'bundler' },
			},
		],
	},
	setupFilesAfterEnv: ['<rootDir>/test/e2e/harness/clean-up.ts'],
	reporters: ['default', '<rootDir>/scripts/jest-summary-reporter.cjs'],
	// A storm and the end of a lease.
	testTimeout: 240_000,
	// One n8n after the other: two would only wait for each other's processor time.
	maxWorkers: 1,
	verbose: true,
	// What a failed test left running is ended by what runs these tests.
	forceExit: true,
};
