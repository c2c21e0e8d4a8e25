import { setTimeout as sleep } from 'node:timers/promises';
import { record } from '../../faults/report';
import { startDownstream } from '../../support/downstream';
import type { Answer, Downstream } from '../../support/downstream';
import { deliver } from '../harness/deliver';
import { idle, problemsOf, ShapesInN8n } from './shapes-in-n8n';
import type { PlacedShape } from './shapes-in-n8n';

/**
 * Whole workflows in a real n8n that is killed, stopped and cut off at any step, while senders send again what they sent: no item
 * is charged twice, nothing that was charged is given back, and nothing is handled that was not.
 */

const KEYS_A_ROUND = 2;
const FAULTS = ['kill', 'kill', 'stop', 'cut'] as const;

let service: Downstream;
let there: ShapesInN8n;
let shapes: PlacedShape[];

/** What the service does with a call, by a fixed sequence. Some calls are made and their answer is lost. */
let asked = 0;
const ANSWERS: readonly Answer[] = [
	{ delayMs: 30 },
	{ delayMs: 150 },
	{},
	{ delayMs: 80 },
	{ status: 429 },
	{ delayMs: 200 },
	{ status: 402 },
	{},
	{ reset: true },
	{ delayMs: 60 },
	{ status: 500, effect: true },
];
const answer = (): Answer => ANSWERS[asked++ % ANSWERS.length] ?? {};

interface Sent {
	readonly shape: PlacedShape;
	readonly key: string;
	readonly parts: readonly string[];
}
const sent: Sent[] = [];

beforeAll(async () => {
	service = await startDownstream({ answer });
	there = await ShapesInN8n.start(service);
	shapes = there.shapes.filter(({ repeats }) => !repeats);
}, 600_000);

afterAll(async () => {
	await there.stop();
	await service.close();
});

async function send({ shape, key, parts }: Sent): Promise<void> {
	const body = { key, parts: parts.map((part) => ({ key: part })) };
	// What is cut off is sent again in the next round.
	await deliver(there.n8n.webhook(shape.json.name), body).catch(() => undefined);
}

async function round(fault: (typeof FAULTS)[number], number: number): Promise<void> {
	for (const shape of shapes) {
		for (let i = 0; i < KEYS_A_ROUND; i++) {
			const key = `${shape.json.name}-${number}-${i}`;
			const parts = Array.from({ length: shape.parts }, (_, part) => `${key}/${part}`);
			sent.push({ shape, key, parts });
		}
	}
	const sending = Promise.all(sent.map(send));
	await sleep(400 + number * 350);
	if (fault === 'kill') await there.n8n.kill();
	if (fault === 'stop') await there.n8n.stop();
	if (fault === 'cut') service.cut();
	await sending;
	if (fault !== 'cut') await there.n8n.start();
}

test('kills, stops and cuts at any step of every workflow, on both stores', async () => {
	for (const [number, fault] of FAULTS.entries()) await round(fault, number);
	// The senders' last tries, once what was given back may be tried again.
	await sleep(31_000);
	await Promise.all(sent.map(send));
	await idle(service);

	const states = await there.states();
	const problems: string[] = [];
	for (const shape of shapes) {
		const own = sent.filter((each) => each.shape === shape);
		const wrong = own.flatMap(({ key, parts }) => problemsOf(service, key, parts, states.get(key)));
		problems.push(...wrong.map((problem) => `${shape.name}, ${shape.store}: ${problem}`));
		record({
			fault: `n8n killed, stopped, cut off: ${shape.name}`,
			store: shape.store,
			runs: own.length,
			keys: own.length,
			sideEffects: own
				.flatMap(({ parts }) => parts)
				.reduce((sum, part) => sum + service.effects(part), 0),
			violations: wrong.length,
			unprotected: null,
		});
	}
	expect(problems).toEqual([]);
	expect([...states.values()]).toContain('completed');
}, 1_200_000);
