import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder that n8n takes for its user's: one per test file, so that nothing is written into the
 * home folder and the embedded store of one file is not seen by another. n8n reads these variables
 * once, while it is loaded: this file is imported before n8n-core.
 */
export const userFolder = mkdtempSync(join(tmpdir(), 'n8n-engine-'));

process.env.N8N_USER_FOLDER = userFolder;
process.env.N8N_LOG_LEVEL = 'silent';
process.env.N8N_DEFAULT_BINARY_DATA_MODE = 'default';
