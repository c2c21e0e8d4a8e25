/** Tests run on the Node of node_modules/.bin (24), which has node:sqlite; `npm test` puts it first on PATH. */
module.exports = {
	testEnvironment: 'node',
	roots: ['<rootDir>/test'],
	testMatch: ['**/*.test.ts'],
	testPathIgnorePatterns: ['<rootDir>/test/e2e/'],
	transform: {
		'^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.check.json', diagnostics: false }],
	},
	reporters: ['default', '<rootDir>/scripts/jest-summary-reporter.cjs'],
	testTimeout: 30_000,
};
