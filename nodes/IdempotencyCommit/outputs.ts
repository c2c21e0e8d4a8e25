import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { Complaint } from '../../lib/guard/complaint';
import { nodeError } from '../shared/messages';

/** The order of Commit's outputs: binding, since connections name them by number. */
const OUTPUT = { committed: 0, superseded: 1 } as const;

/** Where each item goes: Committed, unless something else is said of it. */
export class CommitOutputs {
	private readonly superseded = new Map<number, IDataObject>();

	private readonly failed = new Map<number, Complaint>();

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly items: readonly INodeExecutionData[],
	) {}

	/** An item that stands for several claims is superseded as soon as one of them is. */
	supersede(indexes: readonly number[], details: IDataObject): void {
		for (const index of indexes) this.superseded.set(index, details);
	}

	fail(index: number, complaint: Complaint): void {
		if (!this.failed.has(index)) this.failed.set(index, complaint);
	}

	failAll(complaint: Complaint): void {
		for (const index of this.items.keys()) this.fail(index, complaint);
	}

	/** Every item goes on as it came. @returns what was wrong; null where nothing was */
	passAll(): string | null {
		const [failed] = this.failed.values();
		const problem =
			failed?.message ?? (this.superseded.size > 0 ? 'Another run has taken the claim over' : null);
		this.failed.clear();
		this.superseded.clear();
		return problem;
	}

	/**
	 * Throws for the first failed item, after all others have been dealt with; or, under "Continue", makes of it an error item that
	 * still carries all of the input item. n8n takes an item to the error output only where its json has nothing but error, message and
	 * details; and it empties the json of an item that has an `error` beside it.
	 */
	outputs(): INodeExecutionData[][] {
		for (const [index, complaint] of this.failed) {
			if (!this.context.continueOnFail()) throw nodeError(this.context.getNode(), complaint, index);
		}
		const hasErrorOutput = this.context.getNode().onError === 'continueErrorOutput';
		const lists: INodeExecutionData[][] = [[], []];
		for (const [index, item] of this.items.entries()) {
			const complaint = this.failed.get(index);
			const details = this.superseded.get(index);
			const binary = item.binary === undefined ? {} : { binary: item.binary };
			if (complaint !== undefined) {
				lists[OUTPUT.superseded]?.push({
					json: hasErrorOutput
						? { error: complaint.message, details: item.json }
						: { ...item.json, error: complaint.message },
					...binary,
					pairedItem: index,
				});
			} else if (details !== undefined) {
				lists[OUTPUT.superseded]?.push({
					json: { ...item.json, idempotency: details },
					...binary,
					pairedItem: { item: index },
				});
			} else {
				lists[OUTPUT.committed]?.push({
					json: item.json,
					...binary,
					pairedItem: { item: index },
				});
			}
		}
		return lists;
	}
}
