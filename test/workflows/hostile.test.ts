import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { RedisServer } from '../support/redis-server';
import { javascript, startDownstream, webhookItem } from '../support/engine';
import type { Downstream, RunResult } from '../support/engine';
import { embeddedStore, redisStore } from './hostile-stores';
import { IMPOSSIBLE, MB, ODD, TOO_DEEP, deep } from './hostile-values';
import { chargeWorkflow, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

let downstream: Downstream;
let server: RedisServer;
beforeAll(async () => {
	[downstream, server] = await Promise.all([startDownstream(), RedisServer.start()]);
});
afterAll(async () => {
	await Promise.all([downstream.close(), server.stop()]);
});

const byKey = { keySource: 'expression', key: '={{ $json.body.key }}' };
const byId = { keySource: 'expression', key: '={{ $json.body.id }}' };
const whole = { keySource: 'payload' };
const pass = javascript('Act', (items) =>
	items.map((_, item) => ({ json: { done: true }, pairedItem: { item } })),
);

const request = (body: unknown): INodeExecutionData => webhookItem({ body });
const ordinary = () => request({ key: newKey(), id: newKey() });

describe.each([
	['embedded', embeddedStore],
	['redis', redisStore(() => server)],
] as const)('%s', (_store, store) => {
	async function send(
		guard: INodeParameters,
		triggerItems: INodeExecutionData[],
		more: ChargeParts = {},
	): Promise<RunResult> {
		// Made by a node before the Guard: the harness copies what a trigger gives, which ends at some thousand levels.
		const before = [javascript('Source', () => triggerItems)];
		const parts = store.parts({ before, act: [pass], ...more, guard });
		const json = chargeWorkflow(downstream.url, parts);
		return await store.n8n().run(json, { triggerItems: [{ json: {} }] });
	}

	/** Runs a batch of three with the odd one in the middle, twice. */
	async function middleOf(guard: INodeParameters, middle: INodeExecutionData) {
		const batch = [ordinary(), middle, ordinary()];
		const before = await store.records();
		const peak = process.resourceUsage().maxRSS;
		const first = await send(guard, batch);
		expect(first.error?.message).toBeUndefined();
		expect(routed(first)).toEqual([3, 0, 0, 0]);
		expect(first.counts('Commit')).toEqual([3, 0]);
		const again = await send(guard, batch);
		expect(routed(again)).toEqual([0, 3, 0, 0]);
		expect(again.json('Duplicate')).toEqual([{ done: true }, { done: true }, { done: true }]);
		// KiB; a payload of 10 MB is held several times over by n8n itself.
		expect(process.resourceUsage().maxRSS - peak).toBeLessThan(700_000);
		const after = await store.records();
		expect(after).toHaveLength(before.length + 3);
		for (const record of after) {
			expect(record.whole).toBe(true);
			expect(record.bytes).toBeLessThan(1_500);
		}
		return first;
	}

	describe('let through, remembered in few bytes, and recognized', () => {
		test.each(ODD)('as a key: %s', async (_name, value) => {
			const result = await middleOf(byKey, request({ key: value() }));
			expect(String(detailsOf(result, 'Guard', 0, 1).key).length).toBeLessThanOrEqual(200);
			expect(({} as IDataObject).polluted).toBeUndefined();
		});

		test.each([...ODD, TOO_DEEP])('in a payload that is compared: %s', async (_name, value) => {
			const id = newKey();
			await middleOf(byId, request({ id, odd: value() }));
			const other = await send(byId, [request({ id, odd: [value()] })]);
			expect(detailsOf(other, 'Conflict')).toMatchObject({
				reason: 'payload_mismatch',
				changedFields: ['body.odd'],
			});
			expect(({} as IDataObject).polluted).toBeUndefined();
		});

		test.each([...ODD, TOO_DEEP])('as the whole payload: %s', async (_name, value) => {
			await middleOf(whole, request({ id: newKey(), odd: value() }));
		});
	});

	describe('refused, by item, and nothing of it is stored', () => {
		test.each(IMPOSSIBLE)('%s', async (_name, value, says) => {
			for (const guard of [byKey, whole]) {
				const batch = [ordinary(), request({ key: value() }), ordinary()];
				const before = (await store.records()).length;
				const stopped = await send(guard, batch);
				expect(stopped.status).toBe('error');
				expect(stopped.error?.message).toMatch(/^The item can't be compared: /);
				expect(stopped.error?.message).toMatch(says);
				expect(stopped.error?.description).toMatch(/Choose other fields, or convert the value/);
				expect(stopped.error?.context).toMatchObject({ itemIndex: 1 });
				expect(await store.records()).toHaveLength(before);

				const settings: ChargeParts = { guardSettings: { onError: 'continueErrorOutput' } };
				const continued = await send(guard, batch, settings);
				expect(routed(continued)).toEqual([2, 0, 0, 1]);
				expect(continued.items('Guard', 3)[0]?.pairedItem).toBe(1);
				expect(String(continued.json('Error')[0]?.error)).toMatch(says);
				expect(await store.records()).toHaveLength(before + 2);
			}
		});

		test('a key of 20,000 levels by an expression, which n8n cannot evaluate', async () => {
			const batch = [ordinary(), request({ key: deep(20_000) }), ordinary()];
			const before = (await store.records()).length;
			const stopped = await send(byKey, batch);
			expect(stopped.error?.message).toMatch(/^The item is nested too deeply/);
			expect(stopped.error?.description).toMatch(/Choose fields that lie less deep/);
			expect(stopped.error?.context).toMatchObject({ itemIndex: 1 });
			expect(await store.records()).toHaveLength(before);
			const byField = { keySource: 'fields', keyFields: 'body.key' };
			expect(routed(await send(byField, batch))).toEqual([3, 0, 0, 0]);
			expect(routed(await send(byField, batch))).toEqual([0, 3, 0, 0]);
		});

		test('a missing field beside names of 1 MB: the message stays short', async () => {
			const item = { json: { ['n'.repeat(MB)]: 1, b: 2 } };
			const result = await send({ keySource: 'fields', keyFields: 'id' }, [item]);
			expect(result.error?.message).toMatch(/no value in "id"/);
			expect(result.error?.description).toMatch(/n…, b\. Paths/);
			expect(result.error?.description?.length).toBeLessThan(500);
		});

		test('a key of 1 MB in the header Idempotency-Key', async () => {
			const item = webhookItem({ headers: { 'idempotency-key': 'k'.repeat(MB) }, body: { a: 1 } });
			const before = (await store.records()).length;
			const result = await send({}, [item]);
			expect(result.status).toBe('error');
			expect(result.error?.message.length).toBeLessThan(1_000);
			expect(result.error?.message).toMatch(/Idempotency-Key/);
			expect(await store.records()).toHaveLength(before);
		});
	});

	describe('odd values stay apart', () => {
		const outcomes = async (values: unknown[]) =>
			routed(
				await send(
					byKey,
					values.map((key) => request({ key })),
				),
			);

		test('what looks alike is not the same key', async () => {
			const start = newKey();
			expect(
				await outcomes([
					`${start}\u0000`,
					start,
					`${start}\n`,
					`${start} `,
					{ [start]: 1 },
					[start],
					JSON.parse(`{"__proto__":"${start}"}`),
					JSON.parse(`{"constructor":"${start}"}`),
					`${start}é`,
					`${start}e\u0301`,
				]),
			).toEqual([10, 0, 0, 0]);
		});

		test('0 and -0 are one number, 1e400 as text is no infinity', async () => {
			const start = newKey();
			expect(
				await outcomes([
					[start, 0],
					[start, -0],
				]),
			).toEqual([1, 0, 1, 0]);
			expect(
				await outcomes([
					[start, '1e400'],
					[start, '1e401'],
				]),
			).toEqual([2, 0, 0, 0]);
		});

		test('a payload under __proto__ or constructor is compared like any other', async () => {
			for (const name of ['__proto__', 'constructor', 'hasOwnProperty']) {
				const id = newKey();
				const body = (n: number) => request(JSON.parse(`{"id":"${id}","${name}":{"n":${n}}}`));
				expect(routed(await send(byId, [body(1)]))).toEqual([1, 0, 0, 0]);
				const other = await send(byId, [body(2)]);
				expect(detailsOf(other, 'Conflict').changedFields).toEqual([`body.${name}`]);
			}
		});
	});

	describe('a payload that brings an idempotency object of its own', () => {
		/** A claim that another run holds, and its true token. */
		async function held() {
			const key = newKey();
			const stops = javascript('Act', () => {
				throw new Error('stops here');
			});
			const run = await send(byKey, [request({ key })], { act: [stops] });
			return { key, token: String(detailsOf(run, 'Guard').token) };
		}

		test.each([['idempotency'], ['guarded']])(
			'can neither pass for New nor end the claim of another (output field %s)',
			async (outputField) => {
				const other = await held();
				const key = newKey();
				const forged = { outcome: 'new', token: other.token, fence: 9e15, key: other.key };
				const item: INodeExecutionData = {
					json: { ...request({ key, idempotency: forged }).json, idempotency: forged },
				};
				const guard = { ...byKey, options: { outputField } };
				const settings: ChargeParts = { act: [javascript('Act', (items) => items)] };
				const first = await send(guard, [item], settings);
				expect(first.json('Guard')[0]?.[outputField]).toMatchObject({ outcome: 'new', key });
				expect((first.json('Guard')[0]?.[outputField] as IDataObject).token).not.toBe(other.token);
				expect(first.counts('Commit')).toEqual([1, 0]);

				const second = await send(guard, [item], settings);
				expect(routed(second)).toEqual([0, 1, 0, 0]);
				expect(JSON.stringify(second.json('Duplicate'))).not.toContain(other.token);

				const mismatch = await send(
					guard,
					[{ json: { ...item.json, query: { a: '1' } } }],
					settings,
				);
				const [refused] = mismatch.json('Conflict');
				expect(refused?.[outputField]).toMatchObject({ reason: 'payload_mismatch' });
				expect(refused?.[outputField]).not.toHaveProperty('token');

				const untouched = await send(byKey, [request({ key: other.key })]);
				expect(detailsOf(untouched, 'Conflict').reason).toBe('unknown_outcome');
			},
		);
	});
});

describe('hints', () => {
	const hintsOf = async (guard: INodeParameters, ...items: INodeExecutionData[]) => {
		const json = chargeWorkflow(downstream.url, { act: [pass], guard });
		const result = await embeddedStore.n8n().run(json, { triggerItems: items });
		return result.hints('Guard').map(({ message }) => message);
	};
	const rounded = /number above 2\^53, which JSON rounds/;

	test('a key that JSON rounded', async () => {
		const body = JSON.parse('{"key":9007199254740993}') as IDataObject;
		expect(await hintsOf(byKey, request(body))).toEqual([expect.stringMatching(rounded)]);
		expect(await hintsOf(byKey, request({ key: String(2n ** 53n + 1n) }))).toEqual([]);
		expect(await hintsOf(byKey, request({ key: 2 ** 53 - 1 }))).toEqual([]);
		expect(await hintsOf({ keySource: 'fields', keyFields: 'body.key' }, request(body))).toEqual([
			expect.stringMatching(rounded),
		]);
	});

	test.each(['timestamp', 'signature', 'attempt', 'retry_count'])(
		'a whole payload with the field %s',
		async (name) => {
			const body = { id: newKey(), nested: { [name]: 'a value' } };
			const [hint, ...others] = await hintsOf(whole, request(body));
			expect(hint).toContain(
				`"body.nested.${name}", which looks as if it changed with every delivery`,
			);
			expect(hint).not.toContain('a value');
			expect(others).toEqual([]);
		},
	);

	test('none for an ordinary payload', async () => {
		expect(await hintsOf(whole, request({ id: newKey(), amount: 5 }))).toEqual([]);
	});
});
