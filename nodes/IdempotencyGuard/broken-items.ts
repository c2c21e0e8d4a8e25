import type { IExecuteFunctions } from 'n8n-workflow';

import type { Complaint } from '../../lib/guard/complaint';
import type { Prepared } from '../../lib/guard/prepare';
import type { GuardSettings } from '../shared/guard-settings';
import { complaintOf, nodeError } from '../shared/messages';
import type { Incoming } from './incoming';

/** Runs before the store is asked: an item that can't be checked stops the run before anything is claimed for the others. */
export function throwForFirstBrokenItem(
	context: IExecuteFunctions,
	settings: GuardSettings,
	judged: ReadonlyArray<Prepared | null>,
	incoming: readonly Incoming[],
): void {
	for (const [index, each] of judged.entries()) {
		const complaint = each === null ? null : complaintAbout(each, settings);
		if (complaint !== null) {
			throw nodeError(context.getNode(), complaint, incoming[index]?.origin ?? index);
		}
	}
}

function complaintAbout(prepared: Prepared, settings: GuardSettings): Complaint | null {
	if (prepared.kind === 'error') return complaintOf(prepared.error);
	if (prepared.kind === 'missing' && settings.onMissingKey === 'error') return prepared.missing;
	return null;
}
