import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { Complaint } from '../../lib/guard/complaint';
import { nodeError } from '../shared/messages';
import type { Incoming } from './incoming';
import { unchecked } from './incoming';

/** The order of the Guard's outputs: binding, since connections name them by number. */
export const OUTPUT = { new: 0, duplicate: 1, conflict: 2 } as const;

/** Of a node whose "On Error" is "Continue (using error output)": n8n appends it. */
export const ERROR_OUTPUT = 3;

/** Collects what goes out, by output and in the order of the input. */
export class GuardOutputs {
	private readonly lists: INodeExecutionData[][] = [[], [], []];

	/** What goes out: the input, until it is known which requests are in it. */
	private incoming: readonly Incoming[];

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly items: readonly INodeExecutionData[],
	) {
		this.incoming = items.map(unchecked);
	}

	/** From here on places are those of these requests. */
	take(incoming: readonly Incoming[]): void {
		this.incoming = incoming;
	}

	get outputs(): INodeExecutionData[][] {
		return this.lists;
	}

	/** A request with our details. @returns its place on that output. */
	pass(
		output: (typeof OUTPUT)[keyof typeof OUTPUT],
		index: number,
		outputField: string,
		details: IDataObject,
	): number {
		const { item, origin } = this.at(index);
		const list = this.lists[output] ?? [];
		list.push({
			json: { ...item.json, [outputField]: details },
			...(item.binary === undefined ? {} : { binary: item.binary }),
			pairedItem: { item: origin },
		});
		return list.length - 1;
	}

	/** Stored items, instead of the input item. */
	replay(index: number, stored: readonly INodeExecutionData[]): void {
		const { origin } = this.at(index);
		for (const item of stored) {
			this.lists[OUTPUT.duplicate]?.push({ ...item, pairedItem: { item: origin } });
		}
	}

	/**
	 * Throws, or under "Continue" makes an error item. It is never on New, where n8n would leave it. Its link is a plain number: n8n
	 * follows a link that is an object, and may throw, which would send all items to New.
	 */
	fail(index: number, complaint: Complaint): void {
		const { origin } = this.at(index);
		if (!this.context.continueOnFail()) {
			throw nodeError(this.context.getNode(), complaint, origin);
		}
		this.lists[OUTPUT.conflict]?.push({ json: { error: complaint.message }, pairedItem: origin });
	}

	failAll(complaint: Complaint): void {
		for (const list of this.lists) list.length = 0;
		this.take(this.items.map(unchecked));
		for (const index of this.items.keys()) this.fail(index, complaint);
	}

	private at(index: number): Incoming {
		const incoming = this.incoming[index];
		if (incoming === undefined) throw new TypeError('Every answer is of a request');
		return incoming;
	}
}

/**
 * Whether n8n would take a stored result for an error. Under "Continue (using error output)" it moves an item to the error output if its
 * json has an `error` and no keys but these. One more key keeps the item on Duplicate.
 */
export function looksLikeErrorItem({ json }: Pick<INodeExecutionData, 'json'>): boolean {
	return (
		Boolean(json.error) &&
		Object.keys(json).every((key) => ['error', 'message', 'details'].includes(key))
	);
}
