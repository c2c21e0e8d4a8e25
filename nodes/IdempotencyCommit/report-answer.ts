import type { IDataObject } from 'n8n-workflow';

import type { OwnerAnswer } from '../../lib/core/record';
import type { Complaint } from '../../lib/guard/complaint';
import type { SealedClaim } from '../../lib/keys/claim-token';
import type { Hint } from './commands';
import type { CommitOutputs } from './outputs';

/** What the store's answer to a command means to the items of its claim. */
export function report(
	tell: Hint,
	out: CommitOutputs,
	claim: SealedClaim,
	indexes: readonly number[],
	answer: OwnerAnswer,
): void {
	const owner = ownerOf(claim.remains);
	switch (answer.outcome) {
		case 'done':
			if (answer.recovered) {
				tell(
					'The result was saved although Idempotency Guard did not run in this execution (a retried run, or a record that was gone).',
				);
			}
			break;
		case 'kept':
			tell(
				`This request was already ${answer.state}, and stays so: nothing was changed. A request keeps its first result.`,
			);
			break;
		case 'superseded':
			out.supersede(indexes, {
				reason: answer.reason,
				owner,
				currentOwner: ownerOf(answer.current),
				fence: answer.current.fence,
			});
			break;
		case 'lost':
			out.supersede(indexes, {
				reason: 'lease_lost',
				state: answer.state,
				owner,
				currentOwner: null,
				fence: claim.fence,
			});
			break;
		case 'refused':
			for (const index of indexes) {
				out.fail(index, invalid('The claim was never granted, so nothing was changed'));
			}
	}
}

function ownerOf({
	workflowId,
	executionId,
}: {
	workflowId: string;
	executionId: string;
}): IDataObject {
	return { workflowId, executionId };
}

export function invalid(message: string): Complaint {
	return { message, description: 'Correct the parameter in Idempotency Commit.' };
}

/** It was to add a result to what a statement has completed, and there is no such record: why. Null where there is one. */
export function notCompleted(
	{ completeInSql }: SealedClaim,
	answer: OwnerAnswer,
): Complaint | null {
	if (completeInSql !== true || answer.outcome !== 'kept') return null;
	if (answer.state === 'completed' || answer.state === 'failed') return null;
	return answer.state === 'absent' ? GONE : NOT_COMPLETED;
}

const NOT_COMPLETED: Complaint = {
	message:
		'No statement has completed this request: what its statement wrote was undone, or it never called idem_finish',
	description:
		'With "PostgreSQL: Complete in SQL" the request counts as handled only where idem_finish(sqlToken) was committed. Under "Transaction" and "Single Query" one failed item undoes all of them: choose the query batching "Independently". Where this run still holds the request, it is given back.',
};

const GONE: Complaint = {
	message:
		'The record of this request is gone: it was forgotten or has expired since, and its result could not be added',
	description:
		'Whether its statement had completed it shows in what that writes. The next delivery counts as new. Set "Remember For" in Idempotency Guard to more than a run takes.',
};
