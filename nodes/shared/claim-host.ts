import { randomBytes } from 'node:crypto';
import type { IExecuteFunctions } from 'n8n-workflow';

import { ownerTokenOf } from '../../lib/keys/identity';
import { canHearExecutionEnd, runIndexOf } from './engine';

/** Who asks for claims: a run of a Guard, or a request at the door of Idempotent Webhook, before there is any execution. */
export interface ClaimHost {
	/** `''` at the door. */
	readonly executionId: string;
	/** Accepted at the door, not yet running. */
	readonly pending: boolean;
	/** Whether we are told when the execution ends: then leases are short, and renewed until that. */
	readonly hearsEnd: boolean;
	/** The owner token for an item: the same when the same run asks again. */
	ownerOf(itemIndex: number): string;
	/** The content of a file of an item, in pieces where n8n keeps it outside of memory. */
	fileOf(itemIndex: number, name: string): Promise<Uint8Array | AsyncIterable<unknown>>;
}

export function executionHost(context: IExecuteFunctions): ClaimHost {
	const nodeContext = context.getContext('node');
	const nonce: unknown = (nodeContext.idempotencyNonce ??= randomBytes(16).toString('hex'));
	const executionId = context.getExecutionId();
	const owner = {
		nonce: String(nonce),
		executionId,
		nodeId: context.getNode().id,
		runIndex: runIndexOf(context),
	};
	return {
		executionId,
		pending: false,
		hearsEnd: canHearExecutionEnd(context),
		ownerOf: (itemIndex) => ownerTokenOf({ ...owner, itemIndex }),
		fileOf: async (itemIndex, name) => {
			const id = context.getInputData()[itemIndex]?.binary?.[name]?.id;
			return id
				? await context.helpers.getBinaryStream(id)
				: await context.helpers.getBinaryDataBuffer(itemIndex, name);
		},
	};
}
