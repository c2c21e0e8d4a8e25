import type { IExecuteFunctions } from 'n8n-workflow';

import type { OwnerCommand } from '../../lib/core/record';
import type { SealedClaim } from '../../lib/keys/claim-token';
import type { ResponseOutcome } from '../../lib/results/response-outcome';
import type { EncodedResult } from '../../lib/results/result-codec';
import type { ResultEncoder, ResultOwner } from '../run-end/encode-items';
import type { LinkedItems } from '../run-end/linked-items';
import type { CommitSettings } from './commit-settings';

/** A note for whoever looks at this node's output. */
export type Hint = (message: string) => void;

/** How one claim ends, and with which items. */
export interface Ending extends ResponseOutcome {
	/** Null: some of them are of others too, so that nothing may be kept. */
	readonly items: LinkedItems;
	readonly nothingActed?: boolean;
}

/** Makes the commands that end claims. */
export class Commands {
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly settings: CommitSettings,
		private readonly encoder: ResultEncoder,
		private readonly hint: Hint,
	) {}

	renew(claim: SealedClaim, ownRun: boolean): OwnerCommand {
		return { ...owned(claim, ownRun), type: 'renew', leaseMs: claim.remains.claimTimeoutMs };
	}

	async end(claim: SealedClaim, ownRun: boolean, ending: Ending): Promise<OwnerCommand> {
		const { completeInSql = false } = claim;
		const { reason, statusCode = 0, retryAfterMs = null, nothingActed } = ending;
		// Nobody wonders whether it acted: where it did, the record is completed, and stays so.
		const isOpen = completeInSql && ending.outcome === 'unknown';
		const outcome = isOpen ? 'released' : ending.outcome;
		switch (outcome) {
			case 'unknown':
				return { ...owned(claim, ownRun), type: 'park', statusCode, reason };
			case 'released':
				return {
					...owned(claim, ownRun),
					type: 'release',
					retryAfterMs,
					nothingRan: nothingActed === true,
					statusCode,
					reason,
				};
			default: {
				const owner = { ...ownerOf(claim), state: outcome, statusCode };
				const encoded = await this.encode(owner, ending.items);
				return {
					...owned(claim, ownRun),
					type: 'finish',
					to: outcome,
					result: encoded.bytes,
					statusCode,
					reason: this.withoutResult(encoded, ending.items) ?? reason,
					retentionMs: this.retentionOf(claim),
					remains: claim.remains,
					onlyAttach: completeInSql,
				};
			}
		}
	}

	private async encode(owner: ResultOwner, items: LinkedItems): Promise<EncodedResult> {
		return items === null
			? this.encoder.without('not_kept', owner)
			: await this.encoder.encode(items, owner);
	}

	/** In a run from the editor Commit can only shorten what Guard says: a test run must not block for longer. */
	private retentionOf({ remains }: SealedClaim): number {
		const asked = this.settings.retentionMs ?? remains.retentionMs;
		return this.context.getMode() === 'manual' ? Math.min(asked, remains.retentionMs) : asked;
	}

	private withoutResult(encoded: EncodedResult, items: LinkedItems): string | null {
		if (items !== null && (encoded.stored || encoded.reason === 'not_kept')) return null;
		const why = this.whyWithout(encoded, items);
		this.hint(
			`${why}, so it is not kept. The request still counts as handled: a duplicate gets its own item, with details.`,
		);
		return `${why} and was not kept`;
	}

	private whyWithout(encoded: EncodedResult, items: LinkedItems): string {
		if (items === null) return 'The result is not linked to this request alone';
		if (!encoded.stored && encoded.reason === 'too_large') {
			return `The result is larger than the limit of ${Math.round(encoded.limit / 1024)} KB`;
		}
		return 'The result could not be written as JSON, or a file of it could not be read';
	}
}

function ownerOf({ identity, remains }: SealedClaim) {
	return { identity, tenant: remains.tenant };
}

function owned({ identity, owner, fence }: SealedClaim, ownRun: boolean) {
	return { identity, owner, fence, ownRun };
}
