import { randomBytes } from 'node:crypto';
import type { IExecuteFunctions } from 'n8n-workflow';

import type { ClaimHost } from '../../lib/guard/claim-host';
import { ownerTokenOf } from '../../lib/keys/identity';
import { canHearExecutionEnd, runIndexOf } from './engine';

/** A run of a Guard, as the engine knows it. */
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
