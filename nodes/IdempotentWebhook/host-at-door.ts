import { randomUUID } from 'node:crypto';
import type { IWebhookFunctions } from 'n8n-workflow';

import type { ClaimHost } from '../../lib/guard/claim-host';
import type { Claimed } from '../../lib/guard/claim-items';
import type { OpenStore } from '../../lib/guard/opened-store';
import type { ClaimableItem } from '../../lib/guard/prepare';
import type { GuardTerms } from '../../lib/guard/terms';
import type { WaitingHost } from '../../lib/guard/wait-for-result';
import { waitForResults } from '../../lib/guard/wait-for-result';
import { WaiterLimits } from '../../lib/guard/waiter-limits';
import { ownerTokenOf } from '../../lib/keys/identity';
import { letEngineGo } from './expressions';
import type { DoorRequest } from './request';

/** A request that waits takes up a connection, and no place of an execution: many more of them may wait than runs. */
const free = new WaiterLimits({ perKey: 100, perTenant: 500, perProcess: 1_000 });

/** Where n8n holds what evaluates expressions for each of them, some 10 MB, there is not memory for as many. */
const costly = new WaiterLimits({ perKey: 100, perTenant: 50, perProcess: 100 });

/** Who asks for claims before there is any execution: each event of a request is an owner of its own. */
export function hostAtDoor(nodeId: string, requests: readonly DoorRequest[]): ClaimHost {
	// Unlike randomBytes it takes its bits from some that Node.js has at hand.
	const nonce = randomUUID();
	return {
		executionId: '',
		pending: true,
		hearsEnd: true,
		ownerOf: (itemIndex) =>
			ownerTokenOf({ nonce, executionId: '', nodeId, runIndex: 0, itemIndex }),
		fileOf: async (itemIndex, name) =>
			(await requests[itemIndex]?.files.get(name)?.content()) ?? Buffer.alloc(0),
	};
}

/** Waits until the run that holds the key has ended, or the caller hangs up. */
export async function waitAtDoor(
	context: IWebhookFunctions,
	opened: OpenStore,
	terms: GuardTerms,
	item: ClaimableItem,
	first: Claimed,
): Promise<Claimed> {
	const hungUp = new AbortController();
	const response = context.getResponseObject();
	response.once('close', () => hungUp.abort());
	if (response.destroyed) hungUp.abort();
	const limits = (await letEngineGo(context)) ? free : costly;
	const host: WaitingHost = {
		signal: hungUp.signal,
		limits,
		isHeldElsewhere: () => true,
		// The claim is pending: it needs no renewal until its run starts.
		hold: async () => await Promise.resolve(),
	};
	const [claimed] = await waitForResults(host, opened, terms, [item], [first]);
	return claimed ?? first;
}
