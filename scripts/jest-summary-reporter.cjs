/** Ends jest's report with a line of its own, "N passed, N failed", that is easy to read for people and machines. */
module.exports = class SummaryReporter {
	onRunComplete(_contexts, results) {
		const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = results;
		// A test file that can't be run at all counts as a failure, although none of its tests was counted.
		const failed = numFailedTests + numRuntimeErrorTestSuites;
		process.stderr.write(`\n${numPassedTests} passed, ${failed} failed\n`);
	}
};
