import type { IDataObject } from 'n8n-workflow';

import type { RecordsRun } from './operation';

/** Who changed a record, and when: told in the output, in n8n's log, and in the record's own reason. */
export interface Audit {
	readonly workflowId: string;
	readonly workflow: string;
	readonly executionId: string;
	readonly node: string;
	readonly at: string;
	readonly note: string;
}

const MAX_NOTE_LENGTH = 500;

export function auditOf({ context, parameters, startedAt }: RecordsRun, itemIndex: number): Audit {
	const note = String(parameters.get<unknown>('options.note', itemIndex, '') ?? '');
	const { id = '', name = '' } = context.getWorkflow();
	return {
		workflowId: id,
		workflow: name,
		executionId: context.getExecutionId(),
		node: context.getNode().name,
		at: new Date(startedAt).toISOString(),
		note: note.trim().slice(0, MAX_NOTE_LENGTH).toWellFormed(),
	};
}

/** `Released by workflow "Mend" (abc), execution 12, at 2026-…: checked with the bank` */
export function auditLine(did: string, audit: Audit): string {
	const who = `workflow "${audit.workflow}" (${audit.workflowId}), execution ${audit.executionId}`;
	return `${did} by ${who}, at ${audit.at}${audit.note === '' ? '' : `: ${audit.note}`}`;
}

export function auditItem(audit: Audit): IDataObject {
	return { ...audit };
}
