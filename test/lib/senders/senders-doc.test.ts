import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { SENDERS } from '../../../lib/senders/delivery-ids';
import { HANDSHAKES } from '../../../lib/senders/handshakes/handshakes';
import { SENDER_SIGNATURES, schemesOf } from '../../../lib/senders/signatures/sender-signatures';
import { sendersDoc } from '../../../scripts/lib/senders-doc';

const text = readFileSync(join(__dirname, '../../../docs/senders.md'), 'utf8');

it('docs/senders.md is what npm run docs:senders writes', () => {
	expect(text).toBe(sendersDoc(SENDERS, SENDER_SIGNATURES, HANDSHAKES));
});

it('docs/senders.md has a section for each sender, with its source, signature and handshakes', () => {
	const sections = new Map(text.split('\n### ').map((part) => [part.split('\n')[0], part]));
	for (const { name, source, trap, switchesOff, unverified, value } of SENDERS) {
		const section = sections.get(name) ?? '';
		expect(section).toContain(`](${source})`);
		expect(section).toContain(trap);
		expect(section).toContain(switchesOff ?? '');
		expect(section).toContain(unverified ?? '');
		for (const scheme of schemesOf(value)) expect(section).toContain(scheme.secretIs);
		for (const { sender, words } of HANDSHAKES) {
			if (sender === value) expect(section).toContain(words);
		}
	}
});

it("docs/senders.md begins with what n8n's own triggers leave out", () => {
	const headings = text.match(/^## .*$/gm);
	expect(headings?.[0]).toBe("## Behind n8n's own triggers");
});
