import type { IExecuteFunctions, INode } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import type { StoreProblem } from '../../lib/core/reply';
import { StoreError } from '../../lib/core/reply';
import type { Complaint } from '../../lib/guard/complaint';
import { ComplaintError } from '../../lib/guard/complaint';
import { CanonicalJsonError } from '../../lib/keys/canonical-json';

const WHAT_TO_DO: Readonly<Record<StoreProblem, string>> = {
	unreachable:
		'Check that Redis runs and that host and port in the credential are right, as seen from the machine that runs n8n.',
	timeout:
		'The store may be overloaded or cut off. Nothing was let through unchecked; run it again once the store answers.',
	authentication: 'Check user and password in the credential "Idempotency Redis API".',
	permission:
		'Give this Redis user the commands and the key prefix that the README lists under "Idempotency Redis API".',
	read_only:
		'For Redis, point the credential at the primary instead of a replica. For this n8n instance, make its folder writable.',
	loading: 'Redis has just been started or lost its primary. Run it again in a moment.',
	cluster_down: 'Part of the Redis Cluster is missing. Nothing is checked until it is back.',
	out_of_memory:
		'Redis is full. Raise maxmemory or shorten "Remember For". Keep maxmemory-policy at noeviction: any other forgets requests.',
	busy: 'Another process holds the store. Run it again in a moment.',
	disk_full: "Free space on the disk that holds n8n's folder.",
	not_replicated:
		'The claim was given back, so nothing was done and the request may come again. Check that the replicas of Redis run and keep up, or lower "Min Replicas".',
	tls: 'Check "Use TLS", the CA certificate and the server name in the credential.',
	unsupported: 'Set "Store" to "Redis" in Idempotency Guard and Idempotency Commit.',
	corrupt_record:
		'Something else wrote to this key. Use a key prefix of your own, or remove the key after checking what happened to the request.',
	unknown_secret:
		'If the secret was changed, put the one before into "Previous Secret" of the credential. If it is lost, or a secret is set for the first time, choose another "Key Prefix": the store then starts empty, and what was handled before counts as new.',
	configuration: 'Correct the setting and run it again.',
	unexpected: 'This is what the store said. If it stays, please report it.',
};

/** Problems of the set-up: no retry helps, and going on without protection would go unnoticed for ever. */
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

/** What anything that was thrown means to the user. */
export function complaintOf(error: unknown): Complaint {
	if (error instanceof ComplaintError) return error.complaint;
	if (error instanceof StoreError) {
		return { message: error.message, description: WHAT_TO_DO[error.problem], cause: error };
	}
	if (error instanceof CanonicalJsonError) {
		return {
			message: `The item can't be compared: ${error.message}`,
			description:
				'Keys and payloads must be plain JSON. Choose other fields, or convert the value before this node.',
			cause: error,
		};
	}
	if (error instanceof NodeOperationError || error instanceof NodeApiError) {
		return { message: error.message, description: error.description ?? '', cause: error };
	}
	if (isStackOverflow(error)) {
		return {
			message: 'The item is nested too deeply: n8n cannot give its value to this node',
			description:
				'Choose fields that lie less deep, or set "Recognize Duplicates By" to "Whole Payload", which may be nested as deep as it likes.',
			cause: error,
		};
	}
	const message = error instanceof Error ? error.message : String(error);
	return {
		message,
		description: 'This is unexpected. If it stays, please report it.',
		cause: error,
	};
}

/** n8n copies what an expression gives by recursion: some thousand levels are too many for it. */
function isStackOverflow(error: unknown): boolean {
	return error instanceof RangeError && error.message === 'Maximum call stack size exceeded';
}

/** What a node may throw for anything that was thrown. */
export function asNodeError(
	context: IExecuteFunctions,
	error: unknown,
): NodeOperationError | NodeApiError {
	if (error instanceof NodeOperationError || error instanceof NodeApiError) return error;
	return nodeError(context.getNode(), complaintOf(error));
}

/** n8n's error for a complaint about an item, or about the whole node. */
export function nodeError(
	node: INode,
	complaint: Complaint,
	itemIndex?: number,
): NodeOperationError {
	const error = new NodeOperationError(node, complaint.message, {
		description: complaint.description,
		...(itemIndex === undefined ? {} : { itemIndex }),
	});
	// n8n puts words of its own in the place of any message that holds a network code such as ECONNREFUSED.
	error.message = complaint.message;
	return error;
}
