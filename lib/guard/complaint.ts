/** What went wrong, in words that name the way out. */
export interface Complaint {
	readonly message: string;
	readonly description: string;
	readonly cause?: unknown;
	/** The settings of the node are wrong, whatever the item is. */
	readonly isOfSettings?: true;
}

/** A complaint that is thrown, to become the error of an item or of a node. */
export class ComplaintError extends Error {
	override readonly name = 'ComplaintError';

	constructor(readonly complaint: Complaint) {
		super(complaint.message);
	}
}

const MAX_NAME_LENGTH = 100;

/** A field's name as it may stand in a message: an item may bring names of any length. */
export function shortened(name: string): string {
	return name.length <= MAX_NAME_LENGTH
		? name
		: `${name.slice(0, MAX_NAME_LENGTH - 1).toWellFormed()}…`;
}
