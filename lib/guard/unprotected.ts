import type { StoreError, StoreProblem } from '../core/reply';

/** Problems of the set-up. A retry does not help, and going on unprotected might never be noticed. */
const SETUP_PROBLEMS: ReadonlySet<StoreProblem> = new Set([
	'unsupported',
	'configuration',
	'corrupt_record',
	'unknown_secret',
]);

/** Whether "Continue Unprotected" may stand in for this failure. */
export function mayContinueUnprotected(error: StoreError): boolean {
	return !SETUP_PROBLEMS.has(error.problem);
}
