import type { INodeExecutionData } from 'n8n-workflow';

import type { SealedClaim } from '../../lib/keys/claim-token';
import type { Act } from '../run-end/acts';
import type { Tag } from '../run-end/tags';
import type { FoundBy } from './find-claims';

/** A claim with the items of this run of Commit that are of it. */
export interface ClaimWithItems {
	readonly claim: SealedClaim;
	/** Its number in the trace of the run; undefined where the run data do not hold it. */
	readonly number: number | undefined;
	readonly foundBy: FoundBy;
	readonly indexes: readonly number[];
	readonly items: readonly INodeExecutionData[];
	readonly tags: readonly Tag[];
	/** The act that each item came from last. */
	readonly acts: ReadonlyArray<Act | undefined>;
	/** False in n8n's "Retry execution", which skips the Guard. */
	readonly ownRun: boolean;
}
