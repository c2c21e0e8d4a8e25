import type { IDataObject, INode } from 'n8n-workflow';
import { records } from '../support/engine';
import { delivery, detailsOf, newKey } from './scenario';
import type { ChargeParts } from './scenario';
import { n8n, downstream, charge, send, mend, done, unknown } from './records-harness';

/** Idempotency Records: Get and List, on claims that Guards and Commits made. */

describe('Get', () => {
	test('by hash: what is remembered, without the token, and the result only on request', async () => {
		const key = newKey();
		downstream.nextFor(key, { body: { paid: true } });
		const first = await send(key);
		const { hash, ksuid, uuid } = detailsOf(first, 'Guard');
		const get = { operation: 'get', findBy: 'hash', hash: '={{ $json.hash }}' };
		const [record] = await done(get, [{ json: { hash } }]);
		expect(record).toMatchObject({
			found: true,
			key,
			hash,
			ksuid,
			uuid,
			state: 'completed',
			statusCode: 200,
			attempts: 1,
			duplicates: 0,
			workflowId: 'workflow-1',
			executionId: first.executionId,
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
			operation: 'get',
			findBy: 'key',
			guardWorkflowId: 'workflow-1',
			guardNode: guardId,
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
				findBy: 'key',
				keySource: 'expression',
				key: '1',
				guardScope: 'custom',
				guardNamespace: '={{ $json.none }}',
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
