import type { ITaskData } from 'n8n-workflow';

/** A call of a language model by a chain or an agent, which says itself how it ended. */
export const isOfModel = ({ data }: ITaskData): boolean =>
	data !== undefined && 'ai_languageModel' in data;

/** A task that is under way has neither data nor an error. */
export const isOver = ({ data, error, executionStatus }: ITaskData): boolean =>
	(data !== undefined || error !== undefined) && executionStatus !== 'running';
