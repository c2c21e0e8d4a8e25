import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { StoreKind } from '../../lib/core/store';
import { complaintOf, nodeError } from '../shared/messages';
import { openStore } from '../shared/open-store';
import { itemParametersOf } from '../shared/parameters';
import type { RecordsRun } from './operation';
import { OPERATIONS } from './operations';
import { ownWorkflowOf } from './reach';

/** Does the operation for each input item. */
export async function recordsItems(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const out: INodeExecutionData[] = [];
	const parameters = itemParametersOf(context);
	const operation = OPERATIONS.get(parameters.get('operation', 0, 'list'));
	if (operation === undefined) {
		throw nodeError(context.getNode(), {
			message: `The operation "${parameters.get('operation', 0, 'list')}" is not known`,
			description: 'Choose another operation, or update the package.',
		});
	}
	let run: RecordsRun | undefined;
	for (const item of context.getInputData().keys()) {
		try {
			run ??= {
				context,
				parameters,
				startedAt: Date.now(),
				own: ownWorkflowOf(context, parameters),
				opened: await openStore(context, parameters.get<StoreKind>('store', 0, 'embedded')),
			};
			const found = await operation.execute(run, item);
			for (const json of found) {
				const binary = await operation.filesOf?.(run, json);
				out.push({ json, pairedItem: { item }, ...(binary === undefined ? {} : { binary }) });
			}
		} catch (error) {
			const complaint = complaintOf(error);
			if (!context.continueOnFail()) throw nodeError(context.getNode(), complaint, item);
			out.push({ json: { error: complaint.message }, pairedItem: item });
		}
	}
	return [out];
}
