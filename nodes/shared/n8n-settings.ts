import { readFileSync } from 'node:fs';

/**
 * A setting of n8n as n8n reads it (@n8n/config, decorators): the variable, else what is in the file that `<name>_FILE` names, without
 * blanks and quotes around it. '' where there is none.
 *
 * @throws where the file can't be read, as n8n does when it starts
 */
export function n8nSetting(name: string): string {
	const value = process.env[name] ?? contentOf(process.env[`${name}_FILE`]);
	return value.trim().replace(/^(['"])(.*)\1$/, '$2');
}

const contentOf = (file: string | undefined): string =>
	file === undefined || file === '' ? '' : readFileSync(file, 'utf8');

export function runsInQueueMode(): boolean {
	return n8nSetting('EXECUTIONS_MODE') === 'queue';
}
