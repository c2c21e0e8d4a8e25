import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SENDERS } from '../../../lib/senders/delivery-ids';

const ROOT = join(__dirname, '../../..');

it('docs/senders.md is what the table says', () => {
	const { status, stderr } = spawnSync(
		process.execPath,
		[join(ROOT, 'scripts/write-senders-doc.mjs'), '--check'],
		{ encoding: 'utf8' },
	);
	expect([status, stderr]).toEqual([0, '']);
});

it('docs/senders.md has a row for each sender, with its source', () => {
	const lines = readFileSync(join(ROOT, 'docs/senders.md'), 'utf8').split('\n');
	for (const { name, source, trap } of SENDERS) {
		const [row = ''] = lines.filter((line) => line.startsWith(`| **${name}** |`));
		expect(row).toContain(`](${source})`);
		expect(row).toContain(trap);
	}
});
