import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';
import { javascript, records, startDownstream, webhook, workflow } from '../support/engine';
import type { Downstream, RunResult, WorkflowJson } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey } from './scenario';
import type { ChargeParts } from './scenario';

/** What the tests of Idempotency Records share: claims that Guards and Commits made, and a workflow that mends them. */

export const n8n = engine();
export let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

export const charge = (parts: ChargeParts = {}) => chargeWorkflow(downstream.url, parts);
export const send = async (key: string, parts: ChargeParts = {}) =>
	await n8n.run(charge(parts), { triggerItems: [delivery(key)] });

/** A workflow of its own, as an operator has it: it sees the requests of all workflows. */
export const mending = (parameters: INode['parameters'], settings = {}): WorkflowJson =>
	workflow({
		id: 'mending',
		name: 'Mend "it"',
		nodes: [webhook('Start'), records('Records', { workflows: 'all', ...parameters }, settings)],
	});

export async function mend(
	parameters: INode['parameters'],
	items: INodeExecutionData[] = [{ json: {} }],
	settings = {},
): Promise<RunResult> {
	return await n8n.run(mending(parameters, settings), { triggerItems: items });
}

export async function done(
	parameters: INode['parameters'],
	items?: INodeExecutionData[],
): Promise<IDataObject[]> {
	const result = await mend(parameters, items);
	if (result.error) throw result.error;
	return result.json('Records');
}

/** A key whose run ended without Commit after a timeout, so that nobody knows. */
export async function unknown(key: string, parts: ChargeParts = {}): Promise<string> {
	downstream.nextFor(key, { status: 500 });
	const first = await send(key, parts);
	return String(detailsOf(first, 'Guard').hash);
}

export async function whileRunning(parts: ChargeParts, act: (hash: string) => Promise<void>) {
	const key = newKey();
	let failure: unknown = null;
	const slow = javascript('Act', async (items) => {
		await act(String((items[0]?.json.idempotency as IDataObject).hash)).catch(
			(error: unknown) => (failure = error),
		);
		return items;
	});
	const result = await send(key, { ...parts, act: [slow] });
	if (failure !== null) throw failure;
	return { key, result };
}
