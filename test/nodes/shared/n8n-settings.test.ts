import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IExecuteFunctions } from 'n8n-workflow';

import { openStore } from '../../../nodes/shared/open-store';
import { withVariables } from '../../support/variables';

const folder = mkdtempSync(join(tmpdir(), 'idempotency-settings'));
const file = join(folder, 'mode');
writeFileSync(file, 'queue\n');
afterAll(() => rmSync(folder, { recursive: true }));

// As a list in a file of Docker Compose has it: `- EXECUTIONS_MODE="queue"`.
test.each([
	['EXECUTIONS_MODE', 'queue'],
	['EXECUTIONS_MODE', '"queue"'],
	['EXECUTIONS_MODE', "'queue'"],
	['EXECUTIONS_MODE', ' queue'],
	['EXECUTIONS_MODE_FILE', file],
])('%s=%s is queue mode, where the store inside n8n is refused', async (name, value) => {
	await withVariables({ [name]: value }, async () => {
		await expect(openStore({} as IExecuteFunctions, 'embedded')).rejects.toThrow('queue mode');
	});
});

test('a file that cannot be read is no regular mode', async () => {
	await withVariables({ EXECUTIONS_MODE_FILE: join(folder, 'missing') }, async () => {
		await expect(openStore({} as IExecuteFunctions, 'embedded')).rejects.toMatchObject({
			problem: 'configuration',
			message: expect.stringContaining('EXECUTIONS_MODE_FILE') as string,
		});
	});
});

test.each(['worker', 'webhook'])('"n8n %s" is queue mode, whatever is set', async (command) => {
	const { argv } = process;
	process.argv = ['node', 'n8n', command];
	try {
		await expect(openStore({} as IExecuteFunctions, 'embedded')).rejects.toThrow('queue mode');
	} finally {
		process.argv = argv;
	}
});
