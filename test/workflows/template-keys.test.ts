import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { javascript } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** A key that is put together from parts, of which one is not there: all items without it would share what is left. */

const n8n = engine();
const act = javascript('Act', (items) => items);
const run = async (key: string, items: IDataObject[], more: ChargeParts = {}) => {
	const guard = { keySource: 'expression', key, compare: 'none', ...more.guard };
	const json = chargeWorkflow('', { act: [act], ...more, guard });
	return await n8n.run(json, {
		triggerItems: items.map((each): INodeExecutionData => ({ json: each })),
	});
};

test.each([
	['order-{{ $json.id }}', '{{ $json.id }}'],
	['{{ $json.id }}/order', '{{ $json.id }}'],
	['{{ $json.shop }}-{{ $json.id }}', '{{ $json.id }}'],
	['{{ $json.id }}{{ $json.shop }}', '{{ $json.id }}'],
	['a {{ $json.customer?.name }} {{ "b" }}', '{{ $json.customer?.name }}'],
])('%s without the field is a missing key', async (text, part) => {
	for (const absent of [{}, { id: null }, { id: '' }, { id: ' ' }, { id: [] }]) {
		const result = await run(`=${text}`, [{ shop: 's', ...absent }]);
		expect(result.status).toBe('error');
		expect(result.error?.message).toBe(`"Value" has an empty part for this item: ${part}`);
		expect(result.error?.description).toMatch(/share one key.*\?\? 'none'/s);
		expect(result.error?.context).toMatchObject({ itemIndex: 0 });
		expect(result.tasks('Act')).toEqual([]);
	}
});

test('it is routed as any missing key is, and the other items go on', async () => {
	const id = newKey();
	const result = await run('=order-{{ $json.id }}', [{ id }, {}, { id: 0 }, { id: false }], {
		guard: { options: { onMissingKey: 'conflict' } },
	});
	expect(routed(result)).toEqual([3, 0, 1, 0]);
	expect(result.json('Conflict')[0]?.idempotency).toMatchObject({
		reason: 'missing_key',
		statusCode: 400,
		message: '"Value" has an empty part for this item: {{ $json.id }}. Nothing was done.',
	});
});

test('0 and false are values, and a part may say what stands for nothing', async () => {
	const shop = newKey();
	const key = "={{ $json.shop }}-{{ $json.version ?? 'none' }}";
	expect(routed(await run(key, [{ shop }, { shop, version: 0 }, { shop, version: 2 }]))).toEqual([
		3, 0, 0, 0,
	]);
	expect(routed(await run(key, [{ shop }]))).toEqual([0, 1, 0, 0]);
});

test('a text without parts, and one part alone, are as they were', async () => {
	const id = newKey();
	expect(routed(await run(id, [{}]))).toEqual([1, 0, 0, 0]);
	expect(routed(await run(`=${id}-fixed`, [{}]))).toEqual([1, 0, 0, 0]);
	expect(routed(await run('={{ $json.id }}', [{ id: `${id}-2` }]))).toEqual([1, 0, 0, 0]);
	const { error } = await run('={{ $json.id }}', [{}]);
	expect(error?.message).toBe('"Value" is empty for this item');
});

test('what JavaScript writes for a missing field is hinted at', async () => {
	const result = await run("={{ 'order-' + $json.id }}", [{}]);
	expect(result.hints('Guard').map(({ message }) => message)).toEqual([
		expect.stringMatching(/^The key holds the word "undefined"/),
	]);
	const fine = await run("={{ 'order-' + $json.id }}", [{ id: newKey() }]);
	expect(fine.hints('Guard')).toEqual([]);
});

test('a tenant with an empty part is a missing tenant', async () => {
	for (const tenantMode of ['separate', 'bind']) {
		const options = { tenant: '=org-{{ $json.org }}', tenantMode };
		const more = { guard: { options } };
		const key = '={{ $json.id }}';
		expect(routed(await run(key, [{ id: newKey(), org: 'a' }], more))).toEqual([1, 0, 0, 0]);
		const result = await run(key, [{ id: newKey() }], more);
		expect(result.error?.message).toMatch(/^The item has no tenant/);
		expect(result.tasks('Act')).toEqual([]);
	}
});
