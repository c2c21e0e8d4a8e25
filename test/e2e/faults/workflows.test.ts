import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { allRecords } from '../../../lib/core/all-records';
import { openEmbeddedStore } from '../../../lib/stores/embedded';
import { record } from '../../faults/report';
import { startDownstream } from '../../support/downstream';
import type { Answer, Downstream } from '../../support/downstream';
import { deliver } from '../harness/deliver';
import { N8nHost } from '../harness/n8n-host';
import type { Shape } from './shapes';
import { shapesOf } from './shapes';

/**
 * Whole workflows in a real n8n that is killed, stopped and cut off at any step, while senders send again what they sent: no item
 * is charged twice, nothing that was charged is given back, and nothing is handled that was not.
 */

const KEYS_A_ROUND = 3;
const FAULTS = ['kill', 'kill', 'stop', 'cut'] as const;

let service: Downstream;
let n8n: N8nHost;
let shapes: Shape[];

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
	readonly shape: Shape;
	readonly key: string;
	readonly parts: readonly string[];
}
const sent: Sent[] = [];

beforeAll(async () => {
	service = await startDownstream({ answer });
	shapes = shapesOf(service.url);
	n8n = await N8nHost.create();
	await n8n.start();
	await n8n.signIn();
	for (const { json } of shapes) await n8n.publish(json);
}, 600_000);

afterAll(async () => {
	await n8n.stop();
	await service.close();
});

async function send({ shape, key, parts }: Sent): Promise<void> {
	const body = { key, parts: parts.map((part) => ({ key: part })) };
	// What is cut off is sent again in the next round.
	await deliver(n8n.webhook(shape.json.name), body).catch(() => undefined);
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
	if (fault === 'kill') await n8n.kill();
	if (fault === 'stop') await n8n.stop();
	if (fault === 'cut') service.cut();
	await sending;
	if (fault !== 'cut') await n8n.start();
}

test('kills, stops and cuts at any step of ten workflows', async () => {
	for (const [number, fault] of FAULTS.entries()) await round(fault, number);
	// The senders' last tries, once what was given back may be tried again.
	await sleep(31_000);
	await Promise.all(sent.map(send));
	await idle();

	const file = join(n8n.userFolder, '.n8n', 'idempotency.sqlite');
	const store = await openEmbeddedStore({ file });
	const states = new Map<string, string>();
	for await (const page of allRecords(store)) {
		if (!page.ok) throw page.error;
		for (const { record: each } of page.answer.records) states.set(each.key, each.state);
	}
	await store.close();

	const problems: string[] = [];
	for (const shape of shapes) {
		const own = sent.filter((each) => each.shape === shape);
		const wrong = own.flatMap(({ key, parts }) => problemsOf(key, parts, states.get(key)));
		problems.push(...wrong.map((problem) => `${shape.name}: ${problem}`));
		record({
			fault: `n8n killed, stopped, cut off: ${shape.name}`,
			store: 'embedded',
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
}, 900_000);

function problemsOf(key: string, parts: readonly string[], state: string | undefined): string[] {
	// A refusal that is final and the alert about it are all that is left to do for a request.
	const acts = [...parts, `${key}/notice`, `${key}/alert`];
	const effects = acts.map((part) => service.effects(part));
	const charged = effects.some((count) => count > 0);
	const problems = acts.flatMap((part, i) =>
		(effects[i] ?? 0) > 1 ? [`${part} was done ${effects[i]} times`] : [],
	);
	if (state === 'released' && charged) problems.push(`${key} was given back although it had acted`);
	if (state === 'completed' && !charged)
		problems.push(`${key} counts as handled, and nothing was done`);
	return problems;
}

/** Until the service has been asked nothing for a while. */
async function idle(): Promise<void> {
	for (let before = -1; before !== service.requests.length; ) {
		before = service.requests.length;
		await sleep(3_000);
	}
}
