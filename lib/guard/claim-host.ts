/** Who asks for claims: a run of a Guard, or a request at the door of Idempotent Webhook, before there is any execution. */
export interface ClaimHost {
	/** `''` at the door. */
	readonly executionId: string;
	/** Accepted at the door, not yet running. */
	readonly pending: boolean;
	/** Whether we are told when the execution ends: then leases are short, and renewed until that. */
	readonly hearsEnd: boolean;
	/** The owner token for an item: the same when the same run asks again. */
	ownerOf(itemIndex: number): string;
	/** The content of a file of an item, in pieces where it is kept outside of memory. */
	fileOf(itemIndex: number, name: string): Promise<Uint8Array | AsyncIterable<unknown>>;
}
