/**
 * n8n's own nodes that touch nothing outside the run, so that running them again is harmless whatever they did. Read in the code of
 * n8n-nodes-base 2.41.
 *
 * Not here: AI Transform and the Function nodes (they run anything), Code (see read-operations), Remove Duplicates (it may remember
 * items across executions), Execute Workflow and Call n8n Workflow (they run another workflow), and whatever writes over the network or
 * on disk.
 */
export const NODES_WITHOUT_EFFECTS: ReadonlySet<string> = new Set(
	[
		'aggregate',
		'compareDatasets',
		'compression',
		'convertToFile',
		'crypto',
		'dateTime',
		'editImage',
		'extractFromFile',
		'filter',
		'html',
		'htmlExtract',
		'iCal',
		'if',
		'itemLists',
		'jwt',
		'limit',
		'markdown',
		'merge',
		'moveBinaryData',
		'noOp',
		'readPDF',
		'renameKeys',
		// Its caller sees the answer, and is told nothing of what comes after it.
		'respondToWebhook',
		'set',
		'sort',
		'splitInBatches',
		'splitOut',
		// Reads a file of an item, or makes one.
		'spreadsheetFile',
		'stickyNote',
		'stopAndError',
		'summarize',
		'switch',
		'totp',
		'xml',
	].map((name) => `n8n-nodes-base.${name}`),
);

/** Where a run begins: what it waits for has happened before. */
export const TRIGGERS =
	/^n8n-nodes-base\.(manualTrigger|start|webhook|formTrigger|cron|interval|scheduleTrigger|errorTrigger|executeWorkflowTrigger|[a-zA-Z]+Trigger)$/;
