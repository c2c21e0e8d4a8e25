import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDownstream } from '../../support/downstream';
import type { Answer, Downstream, DownstreamRequest } from '../../support/downstream';
import { deliver } from '../harness/deliver';
import { idle, problemsOf, ShapesInN8n } from './shapes-in-n8n';

/**
 * How often a claim ends as unknown: every workflow, on both stores, in a real n8n whose service answers 200, 402, 429, 500 or not in
 * time. docs/evidence.md has the table; a cell that is not so fails.
 */

const TIMEOUT_MS = 8_000;
const ANSWERS: Readonly<Record<string, Answer>> = {
	'200': {},
	'402': { status: 402 },
	'429': { status: 429 },
	'500': { status: 500, effect: true },
	late: { delayMs: 3 * TIMEOUT_MS },
};

/** Only calls of the act are answered so; the call that a workflow makes again by itself is answered. */
const seen = new Set<string>();
function answer({ key }: DownstreamRequest): Answer {
	const [, name = ''] = /^answers-(\w+)-.*\/\d$/.exec(key) ?? [];
	const again = seen.has(key);
	seen.add(key);
	return again && key.includes('retry loop') ? {} : (ANSWERS[name] ?? {});
}

let service: Downstream;
let there: ShapesInN8n;
beforeAll(async () => {
	service = await startDownstream({ answer });
	there = await ShapesInN8n.start(service, TIMEOUT_MS);
}, 600_000);
afterAll(async () => {
	await there.stop();
	await service.close();
});

const keyOf = (name: string, shape: { name: string; store: string }) =>
	`answers-${name}-${shape.name}-${shape.store}`;

test('what five answers become', async () => {
	const { shapes, n8n } = there;
	const partsOf = (key: string, count: number) =>
		Array.from({ length: count }, (_, part) => `${key}/${part}`);
	for (const name of Object.keys(ANSWERS)) {
		await Promise.all(
			shapes.map(async (shape) => {
				const key = keyOf(name, shape);
				const parts = partsOf(key, shape.parts).map((part) => ({ key: part }));
				await deliver(n8n.webhook(shape.json.name), { key, parts });
			}),
		);
	}
	await idle(service);
	const ended = async () => {
		const states = await there.states();
		return ![...states.values()].some((state) => state === 'processing' || state === 'pending');
	};
	while (!(await ended())) await idle(service);

	const states = await there.states();
	const problems = shapes.flatMap((shape) =>
		Object.keys(ANSWERS).flatMap((name) => {
			const key = keyOf(name, shape);
			const wrong = problemsOf(service, key, partsOf(key, shape.parts), states.get(key));
			// A workflow that calls again by itself does what a lost answer had done already.
			return shape.repeats ? [] : wrong;
		}),
	);
	expect(problems).toEqual([]);

	const row = (shape: (typeof shapes)[number]) => {
		const became = Object.keys(ANSWERS).map((name) => states.get(keyOf(name, shape)) ?? 'none');
		return `| ${[shape.name, ...became].join(' | ')} |`;
	};
	const tables = ['embedded', 'redis'].map((store) =>
		shapes.filter((shape) => shape.store === store).map(row),
	);
	const [embedded = [], redis] = tables;
	expect(redis).toEqual(embedded);
	const cells = embedded.flatMap((line) => line.split(' | ').slice(1));
	const unknown = cells.filter((cell) => cell.startsWith('unknown')).length;
	const text = readFileSync(join(__dirname, '../../../docs/evidence.md'), 'utf8');
	const missing = [...embedded, `**${unknown} of ${cells.length}**`].filter(
		(line) => !text.includes(line),
	);
	// What docs/evidence.md has to say.
	expect(missing.join('\n')).toBe('');
}, 900_000);
