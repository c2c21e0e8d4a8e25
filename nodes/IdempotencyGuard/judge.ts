import type { IExecuteFunctions } from 'n8n-workflow';

import type { ClaimHost } from '../../lib/guard/claim-host';
import type { StoreSecrets } from '../../lib/guard/store-secrets';
import type { Prepared } from '../../lib/guard/prepare';
import { claimsOf } from '../../lib/guard/prepare';
import { executionHost } from '../shared/claim-host';
import { showToExpressions } from '../shared/engine';
import type { GuardSettings } from '../shared/guard-settings';
import { readTerms } from '../shared/item-terms';
import type { ItemParameters } from '../shared/parameters';
import type { Incoming } from './incoming';

/** What is to be done with each request; null for one whose signature was refused: nothing of it is read. */
export async function judge(
	context: IExecuteFunctions,
	settings: GuardSettings,
	parameters: ItemParameters,
	incoming: readonly Incoming[],
	secrets: StoreSecrets,
): Promise<Array<Prepared | null>> {
	const believed = incoming.flatMap((each, place) =>
		each.refused === null ? [{ ...each, place }] : [],
	);
	const shown = believed.map(({ item }) => item);
	showToExpressions(context, shown);
	const host = executionHost(context);
	const hostOfBelieved: ClaimHost = {
		...host,
		// By its place in the whole input: which signatures are believed may change when the node is tried again.
		ownerOf: (index) => host.ownerOf(believed[index]?.place ?? index),
		fileOf: async (index, name) => await host.fileOf(believed[index]?.origin ?? index, name),
	};
	const terms = readTerms(parameters, shown);
	const compared = believed.map((each) => each.compared);
	const prepared = await claimsOf(hostOfBelieved, settings, terms, compared, secrets);
	const answers = prepared.values();
	return incoming.map(({ refused }) => (refused === null ? (answers.next().value ?? null) : null));
}
