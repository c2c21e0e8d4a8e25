import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { LeaseKeeper } from '../../lib/guard/lease-keeper';
import type { ClaimRecord } from '../../lib/core/record';
import type { Store } from '../../lib/core/store';
import { openStore } from '../../nodes/shared/open-store';
import { node, standIn, startDownstream } from '../support/engine';
import type { Downstream, RunResult } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf } from './scenario';
import type { ChargeParts } from './scenario';

/** What the tests of abandoned claims share: a workflow without a Commit that was reached, and the record of its claim. */

const brokenSet = standIn('set', {
	async execute() {
		throw new Error('The field is not there');
	},
});
export const set = (name: string) => node(name, 'n8n-nodes-base.set');

export const n8n = engine({ nodes: { 'n8n-nodes-base.set': brokenSet } });
export let downstream: Downstream;
export let store: Store;
export let leases: LeaseKeeper;
beforeAll(async () => {
	downstream = await startDownstream();
	({ store, leases } = await openStore({} as IExecuteFunctions, 'embedded'));
});
afterAll(async () => {
	await downstream.close();
});

export async function run(
	parts: ChargeParts,
	keys: string | string[],
	more = {},
): Promise<RunResult> {
	const triggerItems = [keys].flat().map((key) => delivery(key));
	return await n8n.run(chargeWorkflow(downstream.url, parts), { triggerItems, ...more });
}

export async function recordsOf(result: RunResult): Promise<ClaimRecord[]> {
	const hashes = result
		.json('Guard')
		.map(({ idempotency }) => String((idempotency as IDataObject).hash));
	const replies = await store.get(hashes);
	return replies.map((reply) => {
		if (!reply.ok) throw reply.error;
		return reply.answer as ClaimRecord;
	});
}

export async function recordOf(result: RunResult): Promise<ClaimRecord> {
	const [record] = await recordsOf(result);
	if (record === undefined) throw new Error('Nothing was claimed');
	return record;
}

/** Waits out the backoff is not what is tested: the record is asked, and what the next delivery is told. */
export async function next(parts: ChargeParts, key: string): Promise<IDataObject> {
	return detailsOf(await run(parts, key), 'Conflict');
}

/** Renews what this process holds, as its timer does every 15 s. */
export async function renewNow(): Promise<void> {
	await leases.renew();
}

export const WHEN = /The run of \d{4}-\d\d-\d\dT[\d:.]+Z/;
