import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { SENDERS } from '../../../lib/senders/delivery-ids';
import { sendersDoc } from '../../../scripts/lib/senders-doc';

const text = readFileSync(join(__dirname, '../../../docs/senders.md'), 'utf8');

it('docs/senders.md is what npm run docs:senders writes', () => {
	expect(text).toBe(sendersDoc(SENDERS));
});

it('docs/senders.md has a row for each sender, with its source', () => {
	const lines = text.split('\n');
	for (const { name, source, trap } of SENDERS) {
		const [row = ''] = lines.filter((line) => line.startsWith(`| **${name}** |`));
		expect(row).toContain(`](${source})`);
		expect(row).toContain(trap);
	}
});
