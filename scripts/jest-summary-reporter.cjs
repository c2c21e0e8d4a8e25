const { writeSync } = require('node:fs');

/** Ends jest's output with a line of its own, "N passed, N failed", that is easy to read for people and machines. */
module.exports = class SummaryReporter {
	onRunStart() {
		// Not when the run is complete: jest prints its own summary after that.
		process.once('exit', () => writeSync(2, `\n${this.line ?? '0 passed, 1 failed'}\n`));
	}

	onRunComplete(_contexts, results) {
		const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = results;
		// A test file that can't be run at all counts as a failure, although none of its tests was counted.
		this.line = `${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`;
	}
};
