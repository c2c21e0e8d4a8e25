import type { IBinaryKeyData, IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import type { OpenStore } from '../../lib/guard/opened-store';
import type { ItemParameters } from '../shared/parameters';

/** What an operation works with. */
export interface RecordsRun {
	readonly context: IExecuteFunctions;
	readonly parameters: ItemParameters;
	readonly opened: OpenStore;
	/** The only workflow whose requests it sees; null: all. */
	readonly own: string | null;
	/** When this run began, by n8n's clock: for the audit line, and ages in filters. */
	readonly startedAt: number;
}

/** What each file of `operations` exports. */
export interface Operation {
	readonly properties: readonly INodeProperties[];
	/** The json of each item to put out for one input item. @throws anything: it becomes the item's error. */
	readonly execute: (run: RecordsRun, itemIndex: number) => Promise<IDataObject[]>;
	/** The files of an item that was put out, where it has any. */
	readonly filesOf?: (run: RecordsRun, json: IDataObject) => Promise<IBinaryKeyData>;
}

/** An operation's parameters are shown for it alone. */
export function shownFor(
	operations: readonly string[],
	properties: readonly INodeProperties[],
): INodeProperties[] {
	return properties.map((property) => ({
		...property,
		displayOptions: {
			...property.displayOptions,
			show: { ...property.displayOptions?.show, operation: [...operations] },
		},
	}));
}
