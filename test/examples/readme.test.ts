import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { WorkflowJson } from '../support/engine/workflow';

/** Each example says what it is: in its notes, in examples/README.md with a picture, and by a test in a real n8n. */

const ROOT = join(__dirname, '../..');
const FOLDER = join(ROOT, 'examples');
const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8');
const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
	.filter((file) => file.endsWith('.json'))
	.map((file) => file.replace(/\.json$/, ''));

const e2e = readdirSync(join(ROOT, 'test/e2e'))
	.filter((file) => file.endsWith('.test.ts'))
	.map((file) => readFileSync(join(ROOT, 'test/e2e', file), 'utf8'))
	.join('\n');

const workflowOf = (name: string) =>
	JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as WorkflowJson & {
		active?: boolean;
	};

test('there are examples', () => {
	expect(names.length).toBeGreaterThanOrEqual(18);
});

describe.each(names)('%s', (name) => {
	const { nodes, connections, active } = workflowOf(name);

	it('is shown in the README, with a picture that is there', () => {
		const picture = `docs/images/${name.replaceAll('/', '-')}.png`;
		expect(readme).toContain(`(${name}.json)`);
		expect(readme).toContain(`(../${picture})`);
		expect(existsSync(join(ROOT, picture))).toBe(true);
	});

	it('has notes, and starts nothing when it is imported', () => {
		expect(nodes.some(({ type }) => type.endsWith('.stickyNote'))).toBe(true);
		expect(active).toBe(false);
	});

	it('is run by a test in a real n8n', () => {
		expect(e2e).toContain(`'${name}'`);
	});

	it('has ids of its own, and connects only nodes that it has', () => {
		expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
		const known = new Set(nodes.map((node) => node.name));
		const named = Object.entries(connections).flatMap(([from, outputs]) => [
			from,
			...Object.values(outputs).flatMap((lists) =>
				lists.flatMap((list) => (list ?? []).map(({ node }) => node)),
			),
		]);
		expect(named.filter((each) => !known.has(each))).toEqual([]);
	});

	it('names neither a credential nor a tool of the n8n that it was made in', () => {
		for (const { credentials = {}, parameters } of nodes) {
			for (const { id } of Object.values(credentials)) expect(id || null).toBeNull();
			const workflowId = parameters.workflowId as { value?: string } | undefined;
			expect(workflowId?.value ?? '').toBe('');
		}
	});
});

test('no two examples share a webhook path or a node id', () => {
	const nodes = names.flatMap((name) => workflowOf(name).nodes);
	const ids = nodes.map(({ id }) => id);
	expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
	const paths = nodes.flatMap(({ parameters }) =>
		typeof parameters.path === 'string' ? [parameters.path] : [],
	);
	expect(new Set(paths).size).toBe(paths.length);
});
