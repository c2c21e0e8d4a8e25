import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { Complaint } from '../../lib/guard/complaint';
import { nodeError } from '../shared/messages';

/** The order of the Guard's outputs: binding, since connections name them by number. */
export const OUTPUT = { new: 0, duplicate: 1, conflict: 2 } as const;

/** Collects what goes out, by output and in the order of the input. */
export class GuardOutputs {
	private readonly lists: INodeExecutionData[][] = [[], [], []];

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly items: readonly INodeExecutionData[],
	) {}

	get outputs(): INodeExecutionData[][] {
		return this.lists;
	}

	/** The input item with our details. @returns its place on that output. */
	pass(
		output: (typeof OUTPUT)[keyof typeof OUTPUT],
		index: number,
		outputField: string,
		details: IDataObject,
	): number {
		const item = this.items[index];
		const list = this.lists[output] ?? [];
		list.push({
			json: { ...item?.json, [outputField]: details },
			...(item?.binary === undefined ? {} : { binary: item.binary }),
			pairedItem: { item: index },
		});
		return list.length - 1;
	}

	/** Stored items, instead of the input item. */
	replay(index: number, stored: readonly INodeExecutionData[]): void {
		for (const item of stored) {
			this.lists[OUTPUT.duplicate]?.push({ ...item, pairedItem: { item: index } });
		}
	}

	/**
	 * Throws, or under "Continue" makes an error item. Never on New, where n8n leaves it under "Continue"; and its link is a
	 * plain number, since n8n follows an object here and may throw, which would send all items to New.
	 */
	fail(index: number, complaint: Complaint): void {
		if (!this.context.continueOnFail()) {
			throw nodeError(this.context.getNode(), complaint, index);
		}
		this.lists[OUTPUT.conflict]?.push({ json: { error: complaint.message }, pairedItem: index });
	}

	failAll(complaint: Complaint): void {
		for (const list of this.lists) list.length = 0;
		for (const index of this.items.keys()) this.fail(index, complaint);
	}
}

/**
 * Under "Continue (using error output)" n8n takes an item for an error, and moves it to the error output, when its json has an
 * `error` and nothing but these keys. One more key keeps a stored result on Duplicate.
 */
export function looksLikeErrorItem({ json }: Pick<INodeExecutionData, 'json'>): boolean {
	return (
		Boolean(json.error) &&
		Object.keys(json).every((key) => ['error', 'message', 'details'].includes(key))
	);
}
