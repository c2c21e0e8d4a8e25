import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';
import { RedisServer } from '../support/redis-server';
import { javascript, records, startDownstream, webhook, workflow } from '../support/engine';
import type { Downstream, RunResult, WorkflowJson } from '../support/engine';
import { engine } from './nodes';
import { engineOn, onRedis } from './on-redis';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** Idempotency Records, each operation on claims that Guards and Commits made. */

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const charge = (parts: ChargeParts = {}) => chargeWorkflow(downstream.url, parts);
const send = async (key: string, parts: ChargeParts = {}) =>
	await n8n.run(charge(parts), { triggerItems: [delivery(key)] });

/** A workflow of its own, as an operator has it. */
const mending = (parameters: INode['parameters'], settings = {}): WorkflowJson =>
	workflow({
		id: 'mending',
		name: 'Mend "it"',
		nodes: [webhook('Start'), records('Records', parameters, settings)],
	});

async function mend(
	parameters: INode['parameters'],
	items: INodeExecutionData[] = [{ json: {} }],
	settings = {},
): Promise<RunResult> {
	return await n8n.run(mending(parameters, settings), { triggerItems: items });
}

async function done(
	parameters: INode['parameters'],
	items?: INodeExecutionData[],
): Promise<IDataObject[]> {
	const result = await mend(parameters, items);
	if (result.error) throw result.error;
	return result.json('Records');
}

/** A key whose run ended without Commit after a timeout, so that nobody knows. */
async function unknown(key: string, parts: ChargeParts = {}): Promise<string> {
	downstream.nextFor(key, { status: 500 });
	const first = await send(key, parts);
	return String(detailsOf(first, 'Guard').hash);
}

async function whileRunning(parts: ChargeParts, act: (hash: string) => Promise<void>) {
	const key = newKey();
	let failure: unknown = null;
	const slow = javascript('Act', async (items) => {
		await act(String((items[0]?.json.idempotency as IDataObject).hash)).catch(
			(error: unknown) => (failure = error),
		);
		return items;
	});
	const result = await send(key, { ...parts, act: [slow] });
	if (failure !== null) throw failure;
	return { key, result };
}

describe('Get', () => {
	test('by hash: what is remembered, without the token, and the result only on request', async () => {
		const key = newKey();
		downstream.nextFor(key, { body: { paid: true } });
		const first = await send(key);
		const { hash, ksuid, uuid } = detailsOf(first, 'Guard');
		const get = { operation: 'get', findBy: 'hash', hash: '={{ $json.hash }}' };
		const [record] = await done(get, [{ json: { hash } }]);
		expect(record).toMatchObject({
			...{ found: true, key, hash, ksuid, uuid, state: 'completed', statusCode: 200 },
			...{ attempts: 1, duplicates: 0, workflowId: 'workflow-1', executionId: first.executionId },
			firstSeenAt: expect.stringMatching(/^\d{4}-.*Z$/),
			finishedAt: expect.stringMatching(/^\d{4}-.*Z$/),
			fence: detailsOf(first, 'Guard').fence,
		});
		expect(Object.keys(record ?? {})).not.toEqual(expect.arrayContaining(['result']));
		expect(JSON.stringify(record)).not.toContain('paid');
		expect(Object.keys(record ?? {}).join()).not.toMatch(/owner|token|fingerprint|digest/i);
		const [full] = await done({ ...get, options: { includeResult: true } }, [{ json: { hash } }]);
		expect(full?.result).toEqual([{ json: first.json('Committed')[0] }]);
	});

	test.each<[string, ChargeParts['guard'], INode['parameters']]>([
		['the delivery ID', {}, { keySource: 'delivery', sender: 'auto' }],
		[
			'a value',
			{ keySource: 'expression', key: '={{ $json.body.key }}' },
			{ keySource: 'expression', key: '={{ $json.body.key }}' },
		],
		[
			'fields',
			{ keySource: 'fields', keyFields: 'body.key, body.n' },
			{ keySource: 'fields', keyFields: 'body.n, body.key' },
		],
		['the payload', { keySource: 'payload' }, { keySource: 'payload' }],
		[
			'a namespace',
			{ options: { scope: 'custom', namespace: 'Zahlungen: ß' } },
			{ guardScope: 'custom', guardNamespace: 'Zahlungen: ß' },
		],
		['a workflow', { options: { scope: 'workflow' } }, { guardScope: 'workflow' }],
		[
			'a tenant',
			{ options: { tenant: '={{ $json.body.n }}' } },
			{ options: { tenant: '={{ $json.body.n }}' } },
		],
	])('by key, as the Guard derives it from %s', async (_, guard, find) => {
		const key = newKey();
		const item = delivery(key, { n: 7 });
		const json = charge({ guard });
		const first = await n8n.run(json, { triggerItems: [item] });
		const guardId = json.nodes.find(({ name }) => name === 'Guard')?.id;
		const byKey = {
			...{ operation: 'get', findBy: 'key', guardWorkflowId: 'workflow-1', guardNode: guardId },
			...find,
		} as INode['parameters'];
		const [found] = await done(byKey, [item]);
		expect(found).toMatchObject({ found: true, hash: detailsOf(first, 'Guard').hash });
		const [other] = await done(byKey, [delivery(newKey(), { n: 7 })]);
		expect(other).toMatchObject({ found: false });
	});

	test('by key in the workflow of the Guard itself, by its name', async () => {
		const key = newKey();
		const json = charge();
		const first = await n8n.run(json, { triggerItems: [delivery(key)] });
		const look = records('Records', {
			operation: 'get',
			findBy: 'key',
			guardNode: 'Guard',
			guardWorkflowId: 'workflow-1',
		});
		const both = {
			...json,
			nodes: [...json.nodes, look],
			connections: { Webhook: { main: [[{ node: 'Records', type: 'main' as const, index: 0 }]] } },
		};
		const result = await n8n.run(both, { triggerItems: [delivery(key)] });
		expect(result.error?.message).toBeUndefined();
		expect(result.json('Records')[0]).toMatchObject({ hash: detailsOf(first, 'Guard').hash });
	});

	test('says that a key is not known', async () => {
		const [record] = await done({ operation: 'get', findBy: 'hash', hash: 'a'.repeat(64) });
		expect(record).toMatchObject({ found: false, hash: 'a'.repeat(64), state: 'absent' });
		expect(record?.message).toMatch(/no record/i);
	});

	test.each<[string, INode['parameters'], RegExp, RegExp]>([
		['an empty hash', { findBy: 'hash', hash: '={{ $json.none }}' }, /"Hash" is empty/, /64 hex/],
		['another text', { findBy: 'hash', hash: 'order 7' }, /"order 7" is not a hash/, /"hash"/],
		[
			'an item without a key',
			{
				findBy: 'key',
				guardScope: 'custom',
				guardNamespace: 'x',
				keySource: 'expression',
				key: '={{ $json.none }}',
			},
			/"Value" is empty/,
			/expression/,
		],
		[
			'a Guard that is not here',
			{ findBy: 'key', guardNode: 'Gard', keySource: 'expression', key: '1' },
			/no node "Gard"/,
			/node ID/,
		],
		[
			'no namespace',
			{
				...{ findBy: 'key', keySource: 'expression', key: '1' },
				...{ guardScope: 'custom', guardNamespace: '={{ $json.none }}' },
			},
			/"Namespace" is empty/,
			/another Guard/,
		],
		[
			'no execution',
			{ findBy: 'execution', executionId: '={{ $json.none }}', workflowId: 'w' },
			/"Execution ID" is empty/,
			/Error/,
		],
	])('%s is an error that says what to do', async (_, parameters, message, description) => {
		const result = await mend({ operation: 'get', ...parameters });
		expect(result.error?.message).toMatch(message);
		expect((result.error as { description?: string }).description).toMatch(description);
		expect(result.error).toMatchObject({ context: { itemIndex: 0 } });
		const going = await mend({ operation: 'get', ...parameters }, undefined, {
			onError: 'continueRegularOutput',
		});
		expect(going.json('Records')[0]?.error).toMatch(message);
	});
});

describe('List', () => {
	const options = { scope: 'custom', namespace: 'listed' };
	const guard = { options };
	const list = async (filters: IDataObject, more: IDataObject = {}) =>
		await done({
			operation: 'list',
			returnAll: true,
			filters: { namespace: 'listed', ...filters },
			...more,
		} as INode['parameters']);

	test('of nothing gives no items', async () => {
		const result = await mend({ operation: 'list', filters: { namespace: 'nobody' } });
		expect(result.error).toBeUndefined();
		expect(result.items('Records')).toEqual([]);
	});

	test('by state, execution, workflow and age; page by page', async () => {
		const keys = Array.from({ length: 24 }, newKey);
		const first = await n8n.run(charge({ guard }), {
			triggerItems: keys.map((key) => delivery(key)),
		});
		const held = newKey();
		await unknown(held, { guard });
		const keysOf = (items: IDataObject[]) => items.map(({ key }) => key).sort();
		expect(keysOf(await list({}))).toEqual([...keys, held].sort());
		expect(keysOf(await list({ states: ['unknown'] }))).toEqual([held]);
		expect(keysOf(await list({ states: ['completed'] }))).toEqual([...keys].sort());
		expect(keysOf(await list({ executionId: first.executionId }))).toEqual([...keys].sort());
		expect(await list({ workflowId: 'another' })).toEqual([]);
		expect(await list({ olderThanMinutes: 5 })).toEqual([]);
		expect(await list({ youngerThanMinutes: 5 })).toHaveLength(25);
		expect((await list({}))[0]).not.toHaveProperty('result');
		const results = await list({ states: ['completed'] }, { options: { includeResult: true } });
		expect(results).toHaveLength(24);
		for (const each of results) expect(each.result).toEqual([{ json: expect.anything() }]);

		const paged: IDataObject[] = [];
		let cursor: unknown = '';
		let pages = 0;
		do {
			const page = await list({}, { returnAll: false, pageSize: 4, options: { cursor } });
			expect(page.length).toBeGreaterThan(0);
			expect(page.length).toBeLessThan(25);
			paged.push(...page);
			cursor = page.at(-1)?.nextCursor ?? '';
			pages++;
		} while (cursor !== '');
		expect(pages).toBeGreaterThan(1);
		expect(keysOf(paged)).toEqual([...keys, held].sort());
	});

	test('refuses a cursor that is none, and a page of nothing', async () => {
		const result = await mend({ operation: 'list', options: { cursor: 'x' } });
		expect(result.error?.message).toMatch(/can not go on from this cursor/);
		const none = await mend({ operation: 'list', pageSize: 0 });
		expect(none.error?.message).toMatch(/"Page Size" must be/);
	});
});

const AUDIT =
	/by workflow "Mend "it"" \(mending\), execution \d+, at \d{4}-\d\d-\d\dT.*Z: asked the bank$/;
const options = { note: 'asked the bank' };

describe('Release', () => {
	test('lets the next delivery act, and keeps who did it, when and why', async () => {
		const key = newKey();
		const hash = await unknown(key);
		expect(detailsOf(await send(key), 'Conflict')).toMatchObject({ reason: 'unknown_outcome' });
		const result = await mend({ operation: 'release', findBy: 'hash', hash, options });
		expect(result.error?.message).toBeUndefined();
		const [released] = result.json('Records');
		expect(released).toMatchObject({
			...{ hash, key, outcome: 'done', state: 'released', previousState: 'unknown' },
			audit: {
				...{ workflowId: 'mending', workflow: 'Mend "it"', note: 'asked the bank' },
				...{ executionId: result.executionId, node: 'Records' },
			},
		});
		const [record] = await done({ operation: 'get', findBy: 'hash', hash });
		expect(record?.reason).toMatch(AUDIT);
		expect(record?.reason).toMatch(/^Released by/);
		expect(result.logs.map(({ message }) => message).join('\n')).toMatch(/Released by workflow/);
		expect(detailsOf(await send(key), 'Guard')).toMatchObject({ outcome: 'new' });
	});

	test('of a running claim needs Force; then two may act, and the first is told', async () => {
		const { key, result } = await whileRunning({}, async (hash) => {
			const refused = await mend({ operation: 'release', findBy: 'hash', hash });
			expect(refused.error?.message).toMatch(/is held by execution \d+ of workflow workflow-1/);
			expect((refused.error as { description?: string }).description).toMatch(/"Force"/);
			const [forced] = await done({
				...{ operation: 'release', findBy: 'hash', hash },
				options: { force: true },
			});
			expect(forced).toMatchObject({ outcome: 'done', previousState: 'processing' });
		});
		expect(result.error?.message).toBeUndefined();
		expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
	});

	test('leaves a completed request, and one that is not there, as they are', async () => {
		const key = newKey();
		const { hash } = detailsOf(await send(key), 'Guard');
		const completed = await mend({ operation: 'release', findBy: 'hash', hash: String(hash) });
		expect(completed.error?.message).toMatch(/is completed: its result stays/);
		expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
		const nobody = await mend({ operation: 'release', findBy: 'hash', hash: 'b'.repeat(64) });
		expect(nobody.error?.message).toMatch(/There is no record with the hash b+/);
	});

	test('does nothing if another run was granted the key since it was seen', async () => {
		const key = newKey();
		const hash = await unknown(key);
		const result = await mend({
			...{ operation: 'release', findBy: 'hash', hash },
			options: { fence: '={{ 12345 }}' },
		});
		expect(result.error?.message).toMatch(/changed since it was seen/);
		const [record] = await done({ operation: 'get', findBy: 'hash', hash });
		expect(record?.state).toBe('unknown');
		const fence = String(record?.fence);
		await done({ operation: 'release', findBy: 'hash', hash, options: { fence } });
		const wrong = await mend({
			...{ operation: 'release', findBy: 'hash', hash },
			options: { fence: '' },
		});
		expect(wrong.error?.message).toMatch(/is not a fence/);
	});

	test('all claims of a failed execution, and no others', async () => {
		const keys = [newKey(), newKey(), newKey()];
		const others = newKey();
		await unknown(others);
		const stop = javascript('Act', () => {
			throw new Error('The third line of the order is missing');
		});
		const failed = await n8n.run(charge({ act: [stop] }), {
			triggerItems: keys.map((key) => delivery(key)),
		});
		expect(failed.status).toBe('error');
		const trigger = [
			{ json: { execution: { id: failed.executionId }, workflow: { id: 'workflow-1' } } },
		];
		const byDefault = {
			...{ operation: 'release', findBy: 'execution' },
			executionId: '={{ $json.execution.id }}',
			workflowId: '={{ $json.workflow.id }}',
		};
		const released = await done(byDefault, trigger);
		expect(released.map(({ key }) => key).sort()).toEqual([...keys].sort());
		for (const each of released) expect(each).toMatchObject({ outcome: 'done', state: 'released' });
		for (const key of keys) expect(routed(await send(key))).toEqual([1, 0, 0, 0]);
		expect(detailsOf(await send(others), 'Conflict').reason).toBe('unknown_outcome');
		expect(await done(byDefault, trigger)).toEqual([]);
	});
});

describe('Resolve', () => {
	test('as done: duplicates get the result that was given', async () => {
		const key = newKey();
		const hash = await unknown(key);
		const item = { json: { statusCode: 200, body: { paid: 5 }, idempotency: { token: 'x' } } };
		const resolve = { operation: 'resolve', findBy: 'hash', hash, resolveTo: 'completed' };
		const [resolved] = await done({ ...resolve, options: { ...options, statusCode: 200 } }, [item]);
		expect(resolved).toMatchObject({ outcome: 'done', state: 'completed' });
		const second = await send(key);
		expect(second.json('Duplicate')).toEqual([{ statusCode: 200, body: { paid: 5 } }]);
		const [record] = await done({ operation: 'get', findBy: 'hash', hash });
		expect(record).toMatchObject({ state: 'completed', statusCode: 200 });
		expect(record?.reason).toMatch(/^Resolved as done by workflow/);
		expect((await mend({ ...resolve }, [item])).error?.message).toMatch(/is completed/);
		expect(downstream.requests.filter((request) => request.key === key)).toHaveLength(1);
	});

	test.each<[string, INode['parameters'], unknown]>([
		['an object', { resolveResult: 'json', resolveJson: '{ "a": 1 }' }, [{ a: 1 }]],
		['a list', { resolveResult: 'json', resolveJson: '[{ "a": 1 }, {}]' }, [{ a: 1 }, {}]],
		['nothing', { resolveResult: 'none' }, [expect.objectContaining({ body: expect.anything() })]],
	])('with %s', async (_, parameters, expected) => {
		const key = newKey();
		const hash = await unknown(key);
		await done({ operation: 'resolve', findBy: 'hash', hash, ...parameters });
		expect((await send(key)).json('Duplicate')).toEqual(expected);
	});

	test('as not done: the next delivery acts', async () => {
		const key = newKey();
		const hash = await unknown(key);
		await done({ operation: 'resolve', findBy: 'hash', hash, resolveTo: 'released', options });
		const [record] = await done({ operation: 'get', findBy: 'hash', hash });
		expect(record?.reason).toMatch(/^Resolved as not done by workflow/);
		expect(record?.reason).toMatch(AUDIT);
		expect(routed(await send(key))).toEqual([1, 0, 0, 0]);
	});

	test.each(['5', '[1]', 'no JSON', 'null'])('refuses %s as a result', async (resolveJson) => {
		const hash = await unknown(newKey());
		const result = await mend({
			...{ operation: 'resolve', findBy: 'hash', hash },
			...{ resolveResult: 'json', resolveJson },
		});
		expect(result.error?.message).toMatch(/not an object or a list of objects/);
	});
});

describe('Forget', () => {
	test('makes the next delivery count as new; twice is as once', async () => {
		const key = newKey();
		const { hash } = detailsOf(await send(key), 'Guard');
		const forget = { operation: 'forget', findBy: 'hash', hash: String(hash) };
		const [forgotten] = await done({ ...forget, options });
		expect(forgotten).toMatchObject({ outcome: 'done', state: 'absent', key });
		expect(forgotten?.reason).toMatch(AUDIT);
		expect(routed(await send(key))).toEqual([1, 0, 0, 0]);
		await done(forget);
		expect(await done(forget)).toEqual([
			expect.objectContaining({ found: false, outcome: 'kept', state: 'absent' }),
		]);
	});

	test('of a running claim needs Force', async () => {
		await whileRunning({}, async (hash) => {
			const refused = await mend({ operation: 'forget', findBy: 'hash', hash });
			expect(refused.error?.message).toMatch(/is held by execution/);
			const forced = { operation: 'forget', findBy: 'hash', hash, options: { force: true } };
			expect((await done(forced))[0]).toMatchObject({ outcome: 'done' });
		});
	});
});

describe('Stats and Report', () => {
	const namespace = 'counted';
	const guard = { options: { scope: 'custom', namespace } };

	test('count what happened, and know what is unresolved', async () => {
		const begun = Date.now();
		const [key, held] = [newKey(), newKey()];
		await send(key, { guard });
		await send(key, { guard });
		await send(key, { guard });
		await n8n.run(charge({ guard }), { triggerItems: [delivery(key, { amount: 2 })] });
		const hash = await unknown(held, { guard });
		await send(held, { guard });
		const stats = { operation: 'stats', options: { namespace } };
		const [today, ...none] = await done(stats);
		expect(none).toEqual([]);
		expect(today).toMatchObject({
			...{ namespace, new: 2, retries: 0, duplicates: 2, conflicts: 2 },
			conflictsByReason: { payload_mismatch: 1, unknown_outcome: 1 },
			unresolvedNow: 1,
			day: new Date().toISOString().slice(0, 10),
		});
		expect(today?.bytes).toBeGreaterThan(10);
		const since = Date.parse(String(today?.oldestUnresolvedSince));
		expect(since).toBeGreaterThanOrEqual(begun);
		expect(since).toBeLessThanOrEqual(Date.now());
		await done({ operation: 'release', findBy: 'hash', hash });
		await send(held, { guard });
		expect((await done(stats))[0]).toMatchObject({
			...{ new: 3, unresolvedNow: 0, oldestUnresolvedSince: null },
		});
		expect(await done({ operation: 'stats', options: { namespace: 'nobody' } })).toEqual([]);
		expect((await mend({ operation: 'stats', days: 0 })).error?.message).toMatch(/"Days" must be/);
	});

	test('are one page that loads nothing, runs nothing, and shows no markup of anybody', async () => {
		const evil = '<img src=x onerror=alert(1)>';
		const [{ html } = { html: '' }] = await done({
			...{ operation: 'report', days: 7 },
			options: { title: `Last week ${evil}` },
		});
		const page = String(html);
		expect(page).toMatch(/^<!DOCTYPE html>/);
		expect(page).toContain('Last week &lt;img src=x onerror=alert(1)&gt;');
		expect(page).not.toMatch(/<script|<img|<link|href=|src="|url\(|@import|https?:\/\//);
		expect(page).toContain(`default-src 'none'`);
		expect(page).toContain('prefers-color-scheme: dark');
		expect(page).toMatch(/<svg[^>]*aria-label="Requests a day"/);
		expect(page).toMatch(/<rect class="duplicates"[^>]*><title>\d{4}-\d\d-\d\d · Duplicates/);
		expect(page).toContain('Different payload');
		expect(page).toContain('<td>counted</td>');
	});

	test('of nothing is a page, too', async () => {
		const [report] = await done({ operation: 'report', options: { namespace: 'nobody' } });
		expect(report?.html).toContain('Nothing was counted in these days.');
		expect(report?.html).not.toMatch(/NaN|Infinity|undefined|null/);
	});
});

describe('on Redis, with a secret', () => {
	let server: RedisServer;
	beforeAll(async () => {
		server = await RedisServer.start();
	});
	afterAll(async () => await server.stop());
	const settings = { credentials: { idempotencyRedisApi: { id: '1', name: 'Redis' } } };
	const onServer = (
		credential: Record<string, string>,
		parameters: INode['parameters'],
		items: INodeExecutionData[],
	) =>
		engineOn(server, credential).run(mending({ store: 'redis', ...parameters }, settings), {
			triggerItems: items,
		});

	test('finds keys made before the secret was changed, shows results, resolves sealed', async () => {
		const [old, now] = [
			{ secret: 'the first of three' },
			{ secret: 'the second of three', previousSecret: 'the first of three' },
		];
		const [key, held] = [newKey(), newKey()];
		const json = chargeWorkflow(downstream.url, onRedis({}));
		downstream.nextFor(held, { status: 500 });
		downstream.nextFor(key, { body: { mark: 'SEALED' } });
		for (const each of [key, held]) {
			await engineOn(server, old).run(json, { triggerItems: [delivery(each)] });
		}
		const byKey = {
			...{ findBy: 'key', guardWorkflowId: 'workflow-1' },
			guardNode: json.nodes.find(({ name }) => name === 'Guard')?.id,
		};
		const get = { operation: 'get', ...byKey, options: { includeResult: true } };
		const found = await onServer(now, get, [delivery(key), delivery(held)]);
		expect(found.error?.message).toBeUndefined();
		expect(found.json('Records')).toMatchObject([
			{
				found: true,
				key: '',
				state: 'completed',
				result: [{ json: { body: { mark: 'SEALED' } } }],
			},
			{ found: true, key: '', state: 'unknown', result: null },
		]);
		const resolve = {
			...{ operation: 'resolve', ...byKey, resolveResult: 'json' },
			resolveJson: '{ "mark": "FOUND-OUT" }',
		};
		const resolved = await onServer(now, resolve, [delivery(held)]);
		expect(resolved.error?.message).toBeUndefined();
		const replayed = await engineOn(server, now).run(json, { triggerItems: [delivery(held)] });
		expect(replayed.json('Duplicate')).toEqual([{ mark: 'FOUND-OUT' }]);
		const lost = await onServer({ secret: 'the third of three' }, get, [delivery(key)]);
		expect(lost.error?.message).toMatch(/records of another secret/);
	});

	test('that is down is an error that says what to do', async () => {
		const result = await engineOn(server, { port: 1 } as never).run(
			mending({ store: 'redis', operation: 'stats' }, settings),
			{ triggerItems: [{ json: {} }] },
		);
		expect(result.error?.message).toMatch(/127\.0\.0\.1:1/);
	});
});
