import { readFileSync } from 'node:fs';

/** Read once, as n8n does. */
const contents = new Map<string, string>();

/**
 * A setting of n8n that is a text, as n8n reads it (@n8n/config, decorators): the variable, else what is in the file that `<name>_FILE` names,
 * without blanks and quotes around it. '' where there is none.
 *
 * @throws where the file can't be read
 */
export function n8nSetting(name: string): string {
	const value = process.env[name] ?? contentOf(process.env[`${name}_FILE`]);
	return value.trim().replace(/^(['"])(.*)\1$/, '$2');
}

function contentOf(file: string | undefined): string {
	if (file === undefined || file === '') return '';
	const content = contents.get(file) ?? readFileSync(file, 'utf8');
	contents.set(file, content);
	return content;
}

/** Commands of n8n that run in queue mode, whatever is set. */
const QUEUE_COMMANDS: ReadonlyArray<string | undefined> = ['worker', 'webhook'];

/** @throws where that can't be read */
export function runsInQueueMode(): boolean {
	return QUEUE_COMMANDS.includes(process.argv[2]) || n8nSetting('EXECUTIONS_MODE') === 'queue';
}
