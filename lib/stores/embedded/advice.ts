import type { StoreProblem } from '../../core/reply';

const OTHERWISE = "n8n's log may say more. If it stays, please report it.";

const ADVICE: Partial<Record<StoreProblem, string>> = {
	unreachable: 'Run it again. If it stays, restart n8n.',
	permission:
		'Let the user that n8n runs as read and write this file and its folder. In Docker they are on the volume that is mounted at /home/node/.n8n.',
	read_only:
		'Make this file and its folder writable for the user that n8n runs as, and mount its volume without "ro".',
	busy: 'Another program holds this file, such as a backup or a second n8n. Run it again in a moment.',
	disk_full: "Free space on the disk that holds n8n's folder.",
	unsupported: 'Set "Store" to "Redis" in Idempotency Guard and Idempotency Commit.',
	corrupt_record:
		'Something else wrote to this file, or it was damaged. Find out what happened to the request, then remove the record with the operation "Forget" of Idempotency Records and its option "Force".',
	configuration: 'Correct the setting and run it again.',
};

/** What a user does about a problem of the store in n8n's own folder. */
export function adviceFor(problem: StoreProblem): string {
	return ADVICE[problem] ?? OTHERWISE;
}
