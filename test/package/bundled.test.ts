import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the package brings along: listed with its licence, each of which allows that. */

const ROOT = join(__dirname, '../..');
const FREE = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD']);

interface Locked {
	readonly version: string;
	readonly license?: string;
	readonly inBundle?: boolean;
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const { packages } = JSON.parse(read('package-lock.json')) as {
	packages: Record<string, Locked>;
};
const bundled = Object.entries(packages)
	.filter(([, { inBundle }]) => inBundle)
	.map(([path, locked]) => ({ name: path.replace(/^.*node_modules\//, ''), ...locked }));

it('is under licences that allow it', () => {
	expect(bundled.length).toBeGreaterThan(10);
	for (const { name, license = 'none' } of bundled) {
		expect([name, FREE.has(license)]).toEqual([name, true]);
	}
});

it('is listed in docs/bundled.md, with version and licence', () => {
	const rows = read('docs/bundled.md')
		.split('\n')
		.flatMap(
			(line) => /^\| `([^`]+)` +\| (\S+) +\| (\S+) +\|$/.exec(line)?.slice(1, 4).join(' ') ?? [],
		);
	expect(rows).toEqual(
		bundled.map(({ name, version, license }) => `${name} ${version} ${license}`),
	);
});

it('workflows pin what they use by hash, and only the job that publishes may sign', () => {
	for (const file of ['ci.yml', 'publish.yml']) {
		const text = read(`.github/workflows/${file}`);
		const used = [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action);
		expect(used.length).toBeGreaterThan(1);
		for (const action of used) expect(action).toMatch(/@[0-9a-f]{40}$/);
	}
	const [before = '', publish = ''] = read('.github/workflows/publish.yml').split('\n  publish:\n');
	expect(before).not.toContain('id-token');
	expect(publish).toContain('id-token: write');
	// It runs nothing of the repository, nor of what is installed.
	expect(publish).not.toMatch(/actions\/checkout|npm (ci|install|run)|\.ci\//);
});
