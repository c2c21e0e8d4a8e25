import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { partsOfKsuid } from '../support/ksuid';
import { javascript, startDownstream } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const COMMON = [
	...['outcome', 'key', 'hash', 'ksuid', 'uuid', 'scope', 'attempt', 'takeover'],
	...['firstSeenAt', 'expiresAt', 'duplicates'],
];

describe('New', () => {
	test('is the input item with the claim', async () => {
		const key = newKey();
		const item = delivery(key, { amount: 1 });
		const result = await n8n.run(chargeWorkflow(downstream.url), { triggerItems: [item] });
		expect(result.status).toBe('success');
		expect(routed(result)).toEqual([1, 0, 0, 0]);
		const [{ idempotency, ...json } = {}] = result.json('Guard');
		expect(json).toEqual(item.json);
		expect(Object.keys(idempotency as IDataObject).sort()).toEqual(
			[...COMMON, 'token', 'fence'].sort(),
		);
		expect(idempotency).toEqual({
			outcome: 'new',
			key,
			hash: expect.stringMatching(/^[0-9a-f]{64}$/),
			ksuid: expect.stringMatching(/^[0-9A-Za-z]{27}$/),
			uuid: expect.stringMatching(
				/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
			),
			scope: 'node',
			attempt: 1,
			takeover: false,
			firstSeenAt: expect.stringMatching(ISO),
			expiresAt: expect.stringMatching(ISO),
			duplicates: 0,
			token: expect.stringMatching(/^idem1\./),
			fence: expect.any(Number),
		});
	});

	test('times are those of the claim: first seen now, remembered for the hours asked', async () => {
		const before = Date.now();
		const result = await n8n.run(chargeWorkflow(downstream.url, { guard: { retentionHours: 2 } }), {
			triggerItems: [delivery(newKey())],
		});
		const { firstSeenAt, expiresAt, fence, ksuid } = detailsOf(result, 'Guard');
		const firstSeen = Date.parse(String(firstSeenAt));
		expect(firstSeen).toBeGreaterThanOrEqual(before);
		expect(firstSeen).toBeLessThanOrEqual(Date.now());
		expect(Date.parse(String(expiresAt)) - firstSeen).toBeGreaterThanOrEqual(2 * 3_600_000);
		expect(Number(fence) / 1000).toBeGreaterThanOrEqual(before);
		const parsed = partsOfKsuid(String(ksuid));
		expect(Math.abs(Number(parsed.timeMs) - firstSeen)).toBeLessThanOrEqual(1000);
	});

	test('puts the details where the option says, and leaves a field of ours that came in alone', async () => {
		const result = await n8n.run(
			chargeWorkflow(downstream.url, { guard: { options: { outputField: 'guarded' } } }),
			{ triggerItems: [{ json: { ...delivery(newKey()).json, idempotency: 'mine' } }] },
		);
		expect(result.json('Guard')[0]).toMatchObject({
			idempotency: 'mine',
			guarded: { outcome: 'new' },
		});
		expect(result.hints('Commit')).toEqual([]);
		expect(result.status).toBe('success');
	});
});

describe('Duplicate', () => {
	/** Runs the same delivery twice through a Code node in the place of Charge. */
	async function twice(results: IDataObject[], options: INodeParameters = {}) {
		const act = javascript('Act', () => results.map((json) => ({ json, pairedItem: 0 })));
		const json = chargeWorkflow(downstream.url, { act: [act], guard: { options } });
		const triggerItems = [delivery(newKey())];
		const first = await n8n.run(json, { triggerItems });
		return { first, second: await n8n.run(json, { triggerItems }) };
	}

	test('gets what the first run produced, and nothing is charged again', async () => {
		const key = newKey();
		const json = chargeWorkflow(downstream.url);
		const triggerItems = [delivery(key, { amount: 5 })];
		const first = await n8n.run(json, { triggerItems });
		for (let again = 0; again < 3; again++) {
			const duplicate = await n8n.run(json, { triggerItems });
			expect(routed(duplicate)).toEqual([0, 1, 0, 0]);
			expect(duplicate.json('Guard', 1)).toEqual(first.json('Committed'));
			expect(duplicate.tasks('Charge')).toEqual([]);
		}
		expect(first.json('Committed')[0]).toMatchObject({ statusCode: 200, body: { key } });
		expect(downstream.effects(key)).toBe(1);
	});

	test.each<[string, IDataObject[]]>([
		['one item', [{ id: 1, nested: { list: [1, { a: null }], text: 'péage 🚗' } }]],
		['several items', [{ id: 1 }, { id: 2 }, { id: 3 }]],
		['an empty object', [{}]],
		['null', [{ value: null }]],
		['0', [{ value: 0 }]],
		['false', [{ value: false }]],
		["''", [{ value: '' }]],
		['an empty list', [{ value: [] }]],
		['own __proto__', [JSON.parse('{"__proto__":{"a":1},"b":2}') as IDataObject]],
	])('is exactly as stored: %s', async (_name, results) => {
		const { first, second } = await twice(results);
		expect(first.status).toBe('success');
		expect(JSON.stringify(second.json('Guard', 1))).toBe(JSON.stringify(results));
		expect(JSON.stringify(second.json('Duplicate'))).toBe(JSON.stringify(first.json('Committed')));
	});

	test('of an empty result: the input item with details, so that the sender gets an answer', async () => {
		const { first, second } = await twice([]);
		expect(first.tasks('Commit')).toEqual([]);
		expect(routed(second)).toEqual([0, 1, 0, 0]);
		const details = detailsOf(second, 'Guard', 1);
		expect(details).toMatchObject({ outcome: 'duplicate', state: 'completed', resultItems: 0 });
		expect(details.message).toMatch(/handled before/);
	});

	test('carries neither token nor fence, with details and without', async () => {
		for (const options of [{}, { detailsOnDuplicates: true }]) {
			const { first, second } = await twice([{ id: 1 }], options);
			const { token } = detailsOf(first, 'Guard');
			const text = JSON.stringify(second.items('Guard', 1));
			expect(text).not.toContain(String(token));
			expect(text).not.toMatch(/"(token|fence)"/);
		}
	});

	test('has details on request: the first KSUID, the count of duplicates', async () => {
		const act = javascript('Act', () => [{ json: { id: 1 }, pairedItem: 0 }]);
		const json = chargeWorkflow(downstream.url, {
			act: [act],
			guard: { options: { detailsOnDuplicates: true } },
		});
		const triggerItems = [delivery(newKey())];
		const first = detailsOf(await n8n.run(json, { triggerItems }), 'Guard');
		await n8n.run(json, { triggerItems });
		const third = await n8n.run(json, { triggerItems });
		expect(third.json('Guard', 1)).toEqual([
			{ id: 1, idempotency: expect.objectContaining({ outcome: 'duplicate', duplicates: 2 }) },
		]);
		const details = detailsOf(third, 'Guard', 1);
		expect(Object.keys(details).sort()).toEqual([...COMMON, 'message'].sort());
		expect(details).toMatchObject({
			message: expect.stringMatching(
				/^This request was handled before: it was completed at 20[^ ]+Z\. Nothing was done now, and nothing needs to be done again\.$/,
			),
			...Object.fromEntries(
				['key', 'hash', 'ksuid', 'uuid', 'firstSeenAt'].map((f) => [f, first[f]]),
			),
		});
	});

	test('extendRetention: each duplicate starts the time again; otherwise it runs out', async () => {
		const act = javascript('Act', () => [{ json: { id: 1 }, pairedItem: 0 }]);
		const expiries = async (options: INodeParameters) => {
			const json = chargeWorkflow(downstream.url, {
				act: [act],
				guard: { options: { detailsOnDuplicates: true, ...options } },
			});
			const triggerItems = [delivery(newKey())];
			await n8n.run(json, { triggerItems });
			const seen = [];
			for (let again = 0; again < 2; again++) {
				await new Promise((resolve) => setTimeout(resolve, 5));
				const duplicate = await n8n.run(json, { triggerItems });
				seen.push(String(detailsOf(duplicate, 'Guard', 1).expiresAt));
			}
			return seen;
		};
		const [fixed, fixedStill] = await expiries({});
		expect(fixedStill).toBe(fixed);
		const [extended = '', extendedAgain = ''] = await expiries({ extendRetention: true });
		expect(extendedAgain > extended).toBe(true);
	});
});
