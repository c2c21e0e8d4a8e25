/** `node scripts/write-senders-doc.mjs` writes docs/senders.md; with `--check` it fails where the file is not current. */
import { readFileSync, writeFileSync } from 'node:fs';
import { sendersDoc } from './lib/senders-doc.mjs';
import { requireTypeScript } from './lib/typescript.mjs';

const file = new URL('../docs/senders.md', import.meta.url);
const text = sendersDoc(requireTypeScript('lib/senders/delivery-ids.ts').SENDERS);

if (!process.argv.includes('--check')) {
	writeFileSync(file, text);
} else if (readFileSync(file, 'utf8') !== text) {
	process.stderr.write('docs/senders.md is not current: run node scripts/write-senders-doc.mjs\n');
	process.exitCode = 1;
}
