import { existsSync, mkdirSync, renameSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeParameters } from 'n8n-workflow';
import { http, startDownstream, userFolder } from '../support/engine';
import type { Downstream, NodeSettings } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** The embedded store is a file in n8n's folder: what happens where it can't be opened, or goes away under a running n8n. */

const n8n = engine();
const file = join(userFolder, '.n8n', 'idempotency.sqlite');
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const send = async (key: string, parts: ChargeParts = {}) =>
	await n8n.run(chargeWorkflow(downstream.url, parts), { triggerItems: [delivery(key)] });
const options = (values: INodeParameters): ChargeParts => ({ guard: { options: values } });

const ON_ERROR: Array<[NodeSettings, string | null]> = [
	[{}, null],
	[{ onError: 'continueRegularOutput' }, 'Conflict'],
	[{ onError: 'continueErrorOutput' }, 'Error'],
	[{ onError: 'continueErrorOutput', alwaysOutputData: true, retryOnFail: true }, 'Error'],
	[{ onError: 'continueRegularOutput', alwaysOutputData: true, retryOnFail: true }, 'Conflict'],
];

async function letsNothingThrough(message: RegExp, parts: ChargeParts = {}) {
	for (const [guardSettings, output] of ON_ERROR) {
		const key = newKey();
		const result = await send(key, { ...parts, guardSettings });
		expect(downstream.effects(key)).toBe(0);
		expect(result.tasks('Charge')).toEqual([]);
		const text = output === null ? result.error?.message : result.json(output)[0]?.error;
		expect(text).toMatch(message);
	}
}

describe('in queue mode', () => {
	beforeAll(() => {
		process.env.EXECUTIONS_MODE = 'queue';
	});
	afterAll(() => {
		delete process.env.EXECUTIONS_MODE;
	});

	test('the embedded store is refused, in words that name the other one', async () => {
		await letsNothingThrough(/runs in queue mode/);
		const { error } = await send(newKey());
		expect(error?.description).toContain('Set "Store" to "Redis"');
	});

	test('also under "Continue Unprotected": it would go unnoticed for ever', async () => {
		await letsNothingThrough(
			/runs in queue mode/,
			options({ onStoreError: 'continueUnprotected' }),
		);
	});
});

describe('a folder in the place of the file', () => {
	beforeAll(() => mkdirSync(file, { recursive: true }));
	afterAll(() => rmdirSync(file));

	test('lets nothing through, whatever the settings', async () => {
		await letsNothingThrough(/store .*idempotency\.sqlite can't be/);
	});
});

describe('a file that is no store of ours', () => {
	beforeAll(() =>
		writeFileSync(file, 'somebody else wrote this, and it is longer than a header '.repeat(9)),
	);
	afterAll(() => rmSync(file));

	test('is a set-up problem: nothing passes, also under "Continue Unprotected"', async () => {
		await letsNothingThrough(/is not a store of ours/);
		await letsNothingThrough(
			/is not a store of ours/,
			options({ onStoreError: 'continueUnprotected' }),
		);
	});
});

test('once it can be opened, n8n needs no restart', async () => {
	expect(routed(await send(newKey()))).toEqual([1, 0, 0, 0]);
	expect(existsSync(file)).toBe(true);
});

describe('the file goes away while n8n runs', () => {
	const aside = `${file}-aside`;
	beforeAll(() => renameSync(file, aside));
	afterAll(() => {
		rmSync(file, { force: true });
		renameSync(aside, file);
	});

	test('nothing passes: a new file would take every duplicate for new', async () => {
		await letsNothingThrough(/was deleted, moved or replaced/);
		expect(existsSync(file)).toBe(false);
	});

	test('"Continue Unprotected" lets items through, marked, with a hint', async () => {
		const key = newKey();
		const result = await send(key, options({ onStoreError: 'continueUnprotected' }));
		expect(result.status).toBe('success');
		expect(routed(result)).toEqual([1, 0, 0, 0]);
		expect(detailsOf(result, 'Guard')).toEqual({
			outcome: 'unprotected',
			message: expect.stringMatching(/was deleted, moved or replaced/),
		});
		expect(result.hints('Guard').map(({ message }) => message)).toEqual([
			expect.stringMatching(/went on unprotected: The file of the store/),
		]);
		expect(downstream.effects(key)).toBe(1);
		expect(result.json('Committed')).toHaveLength(1);
		expect(result.hints('Commit')[0]?.message).toMatch(/without a claim/);
	});

	test('an item without a key stays an error then', async () => {
		const parts = options({ onStoreError: 'continueUnprotected' });
		const result = await n8n.run(chargeWorkflow(downstream.url, parts), {
			triggerItems: [{ json: { a: 1 } }],
		});
		expect(result.status).toBe('error');
		expect(result.tasks('Charge')).toEqual([]);
	});

	test('Commit says that the charge happened and its result is not saved', async () => {
		renameSync(aside, file);
		const key = newKey();
		const takeAway = http('Charge', {
			url: downstream.url,
			fullResponse: true,
			body: '={{ $json.body }}',
		});
		const result = await n8n.run(chargeWorkflow(downstream.url, { act: [takeAway] }), {
			triggerItems: [delivery(key)],
			onNode: (event, node) => {
				if (event === 'after' && node === 'Charge') renameSync(file, aside);
			},
		});
		expect(result.status).toBe('error');
		expect(result.error?.message).toMatch(
			/^The request was handled, but its result could not be saved: /,
		);
		expect(result.error?.description).toMatch(/Retry/);
		renameSync(aside, file);
		const retried = await n8n.retry(result);
		expect(retried.status).toBe('success');
		expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
		expect(downstream.effects(key)).toBe(1);
		renameSync(file, aside);
	});
});

describe('onMissingKey: continueUnprotected', () => {
	test('marks the item and hints, and other items of the batch are protected', async () => {
		const key = newKey();
		const parts = options({ onMissingKey: 'continueUnprotected' });
		const items = [{ json: { body: { key: 'free' } } }, delivery(key)];
		const result = await n8n.run(chargeWorkflow(downstream.url, parts), { triggerItems: items });
		expect(routed(result)).toEqual([2, 0, 0, 0]);
		expect(detailsOf(result, 'Guard')).toEqual({
			outcome: 'unprotected',
			message: expect.stringMatching(/^This item has no delivery ID/),
		});
		expect(detailsOf(result, 'Guard', 0, 1)).toMatchObject({ outcome: 'new', key });
		expect(result.hints('Guard').map(({ message }) => message)).toEqual([
			expect.stringMatching(/Item 0 went on unprotected/),
		]);
		expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
	});

	test('one hint for many items, not one each', async () => {
		const parts = options({ onMissingKey: 'continueUnprotected' });
		const items = Array.from({ length: 50 }, () => ({ json: { body: { key: 'free' } } }));
		const result = await n8n.run(chargeWorkflow(downstream.url, { ...parts, act: [] }), {
			triggerItems: items,
		});
		const hints = result.hints('Guard').filter(({ message }) => message.includes('unprotected'));
		expect(hints).toHaveLength(1);
		expect(hints[0]?.message).toMatch(/^50 items went on unprotected/);
	});
});
