import type { IDataObject, INode } from 'n8n-workflow';

/** Whether an item is an answer that went well. */
export type ShowsSuccess = (json: IDataObject) => boolean;

/**
 * Of a node that makes an item of any answer, a refusal too: what an answer that went well has. Undefined for all others. Read in the code
 * of n8n-nodes-base 2.41.
 */
export function shownSuccessOf({ type, parameters }: INode): ShowsSuccess | undefined {
	switch (type) {
		case 'n8n-nodes-base.graphql':
			// The node throws for one with errors; a gateway that refuses gives something else.
			return ({ data }) => typeof data === 'object' && data !== null;
		case 'n8n-nodes-base.ssh':
			// The exit code of the command.
			return parameters.resource === 'file' ? undefined : ({ code }) => code === 0;
		case 'n8n-nodes-base.vonage':
			// Of each message: 0 is taken, all others are refusals.
			return ({ status }) => String(status) === '0';
		default:
			return undefined;
	}
}
