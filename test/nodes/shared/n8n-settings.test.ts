import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IExecuteFunctions } from 'n8n-workflow';

import { openStore } from '../../../nodes/shared/open-store';

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
	process.env[name] = value;
	try {
		await expect(openStore({} as IExecuteFunctions, 'embedded')).rejects.toThrow('queue mode');
	} finally {
		delete process.env[name];
	}
});
