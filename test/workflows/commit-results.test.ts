import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { javascript, startDownstream, userFolder } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

/** Runs one delivery twice, with the given items in the place of Charge's answer. */
async function twice(items: INodeExecutionData[], parts: ChargeParts = {}) {
	const act = javascript('Act', () => items.map((item) => ({ ...item, pairedItem: 0 })));
	const json = chargeWorkflow(downstream.url, { act: [act], ...parts });
	const triggerItems = [delivery(newKey())];
	const first = await n8n.run(json, { triggerItems });
	expect(first.status).toBe('success');
	return { first, second: await n8n.run(json, { triggerItems }) };
}

const item = (json: IDataObject): INodeExecutionData => ({ json });
const commit = (parameters: INodeParameters): ChargeParts => ({ commit: parameters });

/** All bytes of the embedded store. */
function storedBytes(): string {
	const file = join(userFolder, '.n8n', 'idempotency.sqlite');
	return [file, `${file}-wal`]
		.filter((each) => existsSync(each))
		.map((each) => readFileSync(each, 'latin1'))
		.join('');
}

describe('result', () => {
	test('fields: in the shape that they have, so that the next node finds them where it looks', async () => {
		const { second } = await twice(
			[
				item({
					statusCode: 200,
					body: { total: 0, secret: 'x', lines: [{ id: 1, n: 2 }] },
					'a.b': 1,
				}),
			],
			commit({
				result: 'fields',
				resultFields: 'statusCode, body.total, body.lines[].id, a.b, missing',
			}),
		);
		expect(second.json('Duplicate')).toEqual([
			{ statusCode: 200, body: { total: 0, lines: [{ id: 1 }] }, 'a.b': 1 },
		]);
	});

	test('none: a duplicate gets its own item with details', async () => {
		const { first, second } = await twice(
			[item({ id: 'not-to-keep' })],
			commit({ result: 'none' }),
		);
		expect(first.json('Committed')).toEqual([{ id: 'not-to-keep' }]);
		expect(routed(second)).toEqual([0, 1, 0, 0]);
		expect(second.json('Duplicate')[0]).toMatchObject({
			body: expect.anything(),
			idempotency: {
				outcome: 'duplicate',
				state: 'completed',
				resultItems: 0,
				message: expect.stringMatching(/not kept/),
			},
		});
		expect(storedBytes()).not.toContain('not-to-keep');
	});
});

describe('maxResultKB', () => {
	test('a larger result is completed all the same, and says so on both sides', async () => {
		const noise = Array.from({ length: 300 }, () => Math.random().toString(36)).join('');
		const { first, second } = await twice(
			[item({ noise })],
			commit({ options: { maxResultKB: 1 } }),
		);
		expect(first.json('Committed')).toEqual([{ noise }]);
		expect(first.hints('Commit')[0]?.message).toMatch(/larger than the limit of 1 KB/);
		expect(routed(second)).toEqual([0, 1, 0, 0]);
		expect(detailsOf(second, 'Duplicate')).toMatchObject({
			state: 'completed',
			resultItems: 0,
			message: expect.stringMatching(
				/^This request was handled before: it was completed at .* The result is larger than the limit of 1 KB and was not kept\.$/,
			),
		});
		expect(detailsOf(second, 'Duplicate')).not.toHaveProperty('token');
	});

	test('what compresses to less is kept', async () => {
		const { second } = await twice(
			[item({ text: 'a'.repeat(10_000) })],
			commit({ options: { maxResultKB: 1 } }),
		);
		expect(second.json('Duplicate')[0]?.text).toHaveLength(10_000);
	});

	test('zero is refused, naming the parameter', async () => {
		const act = javascript('Act', (items) => items);
		const json = chargeWorkflow(downstream.url, {
			act: [act],
			commit: { options: { maxResultKB: 0 } },
		});
		const result = await n8n.run(json, { triggerItems: [delivery(newKey())] });
		expect(result.error?.message).toContain('"Largest Result (KB)"');
	});
});

describe('what is never stored', () => {
	test('credentials, listed fields and our own details: neither in a duplicate nor in the file', async () => {
		const secrets = {
			headers: {
				Authorization: 'Bearer SECRET-1',
				'X-Api-Key': 'SECRET-2',
				'set-cookie': ['SECRET-3'],
				kept: 'yes',
			},
			body: [
				{
					cookie: 'SECRET-4',
					'Proxy-Authorization': 'SECRET-5',
					card: { cardNumber: 'SECRET-6', last4: '4242' },
				},
			],
			idempotency: { token: 'SECRET-7' },
		};
		const { second } = await twice(
			[item(secrets)],
			commit({ options: { redactFields: 'CardNumber, iban' } }),
		);
		expect(second.json('Duplicate')).toEqual([
			{ headers: { kept: 'yes' }, body: [{ card: { last4: '4242' } }] },
		]);
		expect(storedBytes()).not.toMatch(/SECRET-/);
	});

	test('the token in an error item of HTTP Request, wherever the Guard puts its details', async () => {
		for (const outputField of ['idempotency', 'guarded']) {
			const key = newKey();
			downstream.nextFor(key, { status: 402 });
			const json = chargeWorkflow(downstream.url, {
				guard: { options: { outputField } },
				charge: { fullResponse: false, headers: '={{ ({ authorization: "Bearer SECRET-8" }) }}' },
				chargeSettings: { onError: 'continueErrorOutput' },
			});
			const triggerItems = [delivery(key)];
			const first = await n8n.run(json, { triggerItems });
			const { token } = first.json('Guard')[0]?.[outputField] as IDataObject;
			const second = await n8n.run(json, { triggerItems });
			expect(routed(second)).toEqual([0, 1, 0, 0]);
			const text = JSON.stringify(second.json('Duplicate'));
			expect(text).not.toContain(String(token));
			expect(text).not.toMatch(/SECRET-8|stack/);
			expect(text).toMatch(/402/);
			expect(storedBytes()).not.toMatch(/SECRET-8/);
			expect(storedBytes()).not.toContain(String(token).slice(0, 60));
		}
	});
});

describe('stored results that look like errors stay on Duplicate', () => {
	test.each<[IDataObject]>([
		[{ error: 'declined' }],
		[{ error: 'declined', message: 'no funds' }],
		[{ error: { message: 'declined' }, message: 'no funds', details: 1 }],
	])('%p', async (json) => {
		for (const onError of [
			'continueErrorOutput',
			'continueRegularOutput',
			'stopWorkflow',
		] as const) {
			const { second } = await twice([item(json)], {
				guardSettings: { onError },
				commit: { outcome: 'completed' },
			});
			expect(second.status).toBe('success');
			expect(second.tasks('Error')).toEqual([]);
			expect(second.tasks('Charge')).toEqual([]);
			expect(second.json('Duplicate')).toEqual([expect.objectContaining({ error: json.error })]);
			if (onError === 'stopWorkflow') expect(second.json('Duplicate')).toEqual([json]);
		}
	});
});

describe('retentionHours', () => {
	const expiry = async (parts: ChargeParts) => {
		const details = { options: { detailsOnDuplicates: true } };
		const { second } = await twice([item({ id: 1 })], {
			...parts,
			guard: { ...details, ...parts.guard },
		});
		return (Date.parse(String(detailsOf(second, 'Duplicate').expiresAt)) - Date.now()) / 3_600_000;
	};

	test('Commit says how long, else the Guard', async () => {
		expect(await expiry({})).toBeCloseTo(72, 1);
		expect(await expiry({ guard: { retentionHours: 5 } })).toBeCloseTo(5, 1);
		expect(await expiry({ commit: { options: { retentionHours: 2 } } })).toBeCloseTo(2, 1);
	});

	test('a result is forgotten after it', async () => {
		const act = javascript('Act', () => [{ json: { id: 1 }, pairedItem: 0 }]);
		const json = chargeWorkflow(downstream.url, {
			act: [act],
			commit: { options: { retentionHours: 0.00002 } },
		});
		const triggerItems = [delivery(newKey())];
		await n8n.run(json, { triggerItems });
		await new Promise((resolve) => setTimeout(resolve, 100));
		expect(routed(await n8n.run(json, { triggerItems }))).toEqual([1, 0, 0, 0]);
	});

	test.each([0, -1, 100_000])('%p hours are refused', async (retentionHours) => {
		const act = javascript('Act', (items) => items);
		const json = chargeWorkflow(downstream.url, {
			act: [act],
			commit: { options: { retentionHours } },
		});
		const result = await n8n.run(json, { triggerItems: [delivery(newKey())] });
		expect(result.error?.message).toMatch(/"Remember For \(Hours\)" must be/);
	});
});
