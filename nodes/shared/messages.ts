import type { IExecuteFunctions, INode } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { StoreError } from '../../lib/core/reply';
import type { Complaint } from '../../lib/guard/complaint';
import { ComplaintError } from '../../lib/guard/complaint';
import { CanonicalJsonError } from '../../lib/keys/canonical-json';

/** What anything that was thrown means to the user. */
export function complaintOf(error: unknown): Complaint {
	if (error instanceof ComplaintError) return error.complaint;
	if (error instanceof StoreError) {
		return { message: error.message, description: adviceOf(error), cause: error };
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

/** The store that failed says what to do. What failed before any was asked is a setting, or a fault of ours. */
function adviceOf({ advice, problem }: StoreError): string {
	if (advice !== '') return advice;
	return problem === 'configuration'
		? 'Correct the setting and run it again.'
		: 'This is unexpected. If it stays, please report it.';
}

/** n8n copies the value of an expression by recursion. Some thousand levels are too deep for it. */
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
	// n8n replaces any message that holds a network code, such as ECONNREFUSED, with its own.
	error.message = complaint.message;
	return error;
}
