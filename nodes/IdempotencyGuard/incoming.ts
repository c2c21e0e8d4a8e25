import type { INodeExecutionData } from 'n8n-workflow';

/** A request as a Guard judges it: an item of its input, or one event of it. */
export interface Incoming {
	/** What goes out. */
	readonly item: INodeExecutionData;
	/** The same as it is compared. */
	readonly compared: INodeExecutionData;
	/** Place of the item that it came with, in the input. */
	readonly origin: number;
	/** Why its signature was refused, as a part of a sentence: "The signature …". Null: it was not, or nobody asked for one. */
	readonly refused: string | null;
}

export const unchecked = (item: INodeExecutionData, origin: number): Incoming => ({
	item,
	compared: item,
	origin,
	refused: null,
});
