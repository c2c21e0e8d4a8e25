import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { IdempotencyCommit } from '../../nodes/IdempotencyCommit/IdempotencyCommit.node';
import { IdempotencyGuard } from '../../nodes/IdempotencyGuard/IdempotencyGuard.node';
import { IdempotencyRecords } from '../../nodes/IdempotencyRecords/IdempotencyRecords.node';
import { IdempotencyTrigger } from '../../nodes/IdempotencyTrigger/IdempotencyTrigger.node';
import { IdempotentWebhook } from '../../nodes/IdempotentWebhook/IdempotentWebhook.node';

/** The pages that a user reads: short at the door, and every link leads somewhere. */

const ROOT = join(__dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const PAGES = [
	'README.md',
	'CONTRIBUTING.md',
	'examples/README.md',
	...readdirSync(join(ROOT, 'docs'))
		.filter((name) => name.endsWith('.md'))
		.map((name) => `docs/${name}`),
];

test('the README has at most 120 lines, and no word that only we know', () => {
	const readme = read('README.md');
	expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(120);
	const prose = readme.replaceAll('**', '').replace(/```[^`]+```/g, '');
	const text = prose.replace(/\*[^*]+\*|`[^`]+`|\([^)]+\)/g, '');
	expect(text).not.toMatch(/\b(claim|fence|lease|KSUID|tombstone)s?\b/i);
});

/** As GitHub makes them of headings. */
const anchorsOf = (page: string) => [
	...[...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
		heading
			.toLowerCase()
			.replace(/[^\p{L}\p{N} _-]/gu, '')
			.replaceAll(' ', '-'),
	),
	...[...page.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id),
];

test.each(PAGES)('%s links only to what is there', (page) => {
	const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
	const broken = links
		.filter((link) => !/^[a-z]+:/.test(link))
		.filter((link) => {
			const [path = '', anchor] = link.split('#');
			const target = path === '' ? page : join(dirname(page), path);
			if (!existsSync(join(ROOT, target))) return true;
			return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
		});
	expect(broken).toEqual([]);
});

test.each([
	['guard', new IdempotencyGuard()],
	['commit', new IdempotencyCommit()],
	['records', new IdempotencyRecords()],
	['trigger', new IdempotencyTrigger()],
	['webhook', new IdempotentWebhook()],
])('the page docs/%s.md is what the node links to', (page, { description }) => {
	expect(description.documentationUrl).toMatch(`/blob/main/docs/${page}.md`);
	expect(existsSync(join(ROOT, 'docs', `${page}.md`))).toBe(true);
});
