import type { IDataObject, INode, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { javascript } from '../support/engine';
import type { RunResult } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow } from './scenario';

/** What the tests of senders share: a Guard that takes deliveries, and the outputs that they leave by. */

const n8n = engine();

let gates = 0;
/** Webhook → Guard → Act → Commit of its own; `acted` are the items that came through. */
export function gate(
	parameters: INodeParameters = {},
	before: INode[] = [],
	onError?: INode['onError'],
) {
	const acted: IDataObject[] = [];
	const act = javascript('Act', (items) => {
		acted.push(...items.map(({ json }) => json));
		return items.map((_, item) => ({ json: { answer: acted.length }, pairedItem: { item } }));
	});
	const json = chargeWorkflow('', {
		id: `senders-${++gates}`,
		before,
		guard: parameters,
		...(onError === undefined ? {} : { guardSettings: { onError } }),
		act: [act],
	});
	const send = async (...deliveries: unknown[]): Promise<RunResult> =>
		await n8n.run(json, {
			triggerItems: deliveries.map((each) => ({ json: each }) as INodeExecutionData),
		});
	return { send, acted };
}

export const NEW = [1, 0, 0, 0];
export const DUPLICATE = [0, 1, 0, 0];
