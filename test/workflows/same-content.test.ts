import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { RedisServer } from '../support/redis-server';
import { records, startDownstream, webhook, webhookItem, workflow } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { engineOn, onRedis, recordsIn } from './on-redis';
import { chargeWorkflow, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** The same content under another key: told, or refused. */

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

/** Each test has keys, and contents, of its own. */
let tests = 0;
beforeEach(() => {
	tests++;
});
const parts = (does: string, guard: ChargeParts['guard'] = {}, options = {}): ChargeParts => ({
	id: `alike-${tests}`,
	charge: { body: "={{ { key: 'alike' } }}" },
	guard: { ...guard, options: { sameContent: does, ...options } },
});
const run = async (item: INodeExecutionData, how: ChargeParts) =>
	await n8n.run(chargeWorkflow(downstream.url, how), { triggerItems: [item] });

/** How often the service was asked to act for these. */
async function actsOf(items: readonly INodeExecutionData[], how: ChargeParts, atOnce = false) {
	const before = downstream.effects('alike');
	if (atOnce) await Promise.all(items.map(async (item) => await run(item, how)));
	else for (const item of items) await run(item, how);
	return downstream.effects('alike') - before;
}

const slack = (eventId: string, type = 'message', ts = '1769000001.000100') =>
	webhookItem({
		headers: { 'x-slack-signature': 'v0=00', 'x-slack-request-timestamp': '1769000000' },
		body: {
			type: 'event_callback',
			team_id: 'T0TEST',
			event_id: eventId,
			event_time: 1769000000,
			event: {
				type,
				channel: 'C0TEST',
				text: '<@U0BOT> hello',
				ts,
				event_ts: ts,
				client_msg_id: '11111111-1111-4111-8111-111111111111',
			},
		},
	});
const supabase = (id: string) =>
	webhookItem({
		headers: {
			'webhook-id': id,
			'webhook-timestamp': '1769000000',
			'webhook-signature': 'v1,AAAA',
		},
		body: { user: { id: 'u-1', phone: '+10000000000' }, sms: { otp: '123456' } },
	});
const gitlab = (hook: string) =>
	webhookItem({
		headers: {
			'x-gitlab-event': 'Push Hook',
			'x-gitlab-webhook-uuid': hook,
			'x-gitlab-event-uuid': 'ev-1',
			'idempotency-key': `key-of-${hook}`,
		},
		body: { object_kind: 'push', before: '00', after: '11', ref: 'refs/heads/main', project_id: 1 },
	});
const call = (id: string, orderId: string, amount: string | number): INodeExecutionData => ({
	json: { orderId, amount, tool_call_id: id },
});
const AGENT = { keySource: 'expression', key: '={{ $json.tool_call_id }}' };

test.each([
	['Slack: one message under several event_ids', [1, 2, 3].map((n) => slack(`Ev${n}`)), {}],
	[
		'Slack: a message and the mention in it',
		[slack('Ev1'), slack('Ev2', 'app_mention'), slack('Ev3', 'message', '1769000001.99')],
		{},
	],
	['Supabase: a new ID for each try', ['msg-1', 'msg-2', 'msg-3'].map(supabase), {}],
	['GitLab: three hooks of one address', ['h1', 'h2', 'h3'].map(gitlab), {}],
	[
		'an agent that makes a new call each time',
		[
			call('call_1', 'o-17', '100.00'),
			call('call_3', 'o-17', 100),
			call('call_5', ' o-17', '100'),
			call('call_7', 'O-17', 100),
		],
		AGENT,
	],
])('%s: acts once, and as often as it comes where nobody looks', async (_, items, guard) => {
	expect(await actsOf(items, parts('conflict', guard))).toBe(1);
	tests++;
	expect(await actsOf(items, parts('conflict', guard), true)).toBe(1);
	tests++;
	expect(await actsOf(items, parts('report', guard))).toBe(items.length);
	tests++;
	expect(await actsOf(items, parts('off', guard))).toBe(items.length);
});

test('what differs is not the same: other orders, and what Shopify sends to each who asked', async () => {
	const orders = [
		call('call_1', 'o-1', 100),
		call('call_2', 'o-2', 100),
		call('call_3', 'o-1', 90),
	];
	expect(await actsOf(orders, parts('conflict', AGENT))).toBe(3);
	const shopify = (id: string) =>
		webhookItem({
			headers: { 'shopify-webhook-id': id, 'shopify-event-id': 'e-1', 'shopify-topic': 'Product' },
			body: { topic: 'Product', action: 'update', product: { id: 1 } },
		});
	tests++;
	expect(await actsOf([shopify('a'), shopify('a'), shopify('b')], parts('conflict'))).toBe(2);
});

test('the refusal says when and under which key; the same key stays a duplicate', async () => {
	const how = parts('conflict', AGENT);
	await run(call('call_1', 'o-1', 1), how);
	const refused = await run(call('call_2', 'o-1', 1), how);
	expect(routed(refused)).toEqual([0, 0, 1, 0]);
	const details = detailsOf(refused, 'Guard', 2);
	expect(details).toMatchObject({
		outcome: 'conflict',
		reason: 'likely_duplicate',
		statusCode: 409,
		likelyDuplicate: { key: 'call_1' },
	});
	const { firstSeenAt } = details.likelyDuplicate as IDataObject;
	expect(String(details.message)).toContain(`at ${String(firstSeenAt)} under the key "call_1"`);
	expect(details).not.toHaveProperty('token');
	// Also when it comes again: nothing acted under this key.
	expect(routed(await run(call('call_2', 'o-1', 1), how))).toEqual([0, 0, 1, 0]);
	expect(routed(await run(call('call_1', 'o-1', 1), how))).toEqual([0, 1, 0, 0]);
});

test('a report names what came first, and lets it through', async () => {
	const how = parts('report', AGENT);
	const first = await run(call('call_1', 'o-1', 1), how);
	expect(detailsOf(first, 'Guard')).not.toHaveProperty('likelyDuplicate');
	const second = await run(call('call_2', 'o-1', 1), how);
	expect(second.hints('Guard').map(({ message }) => message)).toEqual([
		expect.stringContaining('under the key "call_1", and went on again now'),
	]);
	expect(detailsOf(second, 'Guard')).toMatchObject({
		outcome: 'new',
		likelyDuplicate: { key: 'call_1', hash: detailsOf(first, 'Guard').hash },
	});
});

test('the refusal says what came of the first one, and what to do', async () => {
	const how = {
		...parts('conflict', AGENT),
		chargeSettings: { onError: 'continueErrorOutput' as const },
	};
	for (const [status, came, todo] of [
		[
			200,
			/ under the key "call_1", and that request was completed at .* with HTTP 200\. /,
			/gets its result\.$/,
		],
		[402, /, and that request was refused at .* with HTTP 402\. /, /gets its result\.$/],
		[
			500,
			/, and that request began at .* without anybody knowing whether it acted\. /,
			/took effect\.$/,
		],
	] as const) {
		tests++;
		const ids = { ...how, id: `alike-${tests}` };
		downstream.nextFor('alike', { status });
		await run(call('call_1', 'o-1', 1), ids);
		const { message } = detailsOf(await run(call('call_2', 'o-1', 1), ids), 'Guard', 2);
		expect(message).toMatch(came);
		expect(message).toMatch(todo);
		expect(message).toContain(
			'Nothing was done for this one. Do not send it again under another key',
		);
	}
});

test('of several items that went on all are counted in one hint, and one is named', async () => {
	const how = parts('report', AGENT);
	await run(call('call_1', 'o-1', 1), how);
	const again = [call('call_2', 'o-1', 1), call('call_3', 'o-2', 1), call('call_4', 'o-1', 1)];
	const result = await n8n.run(chargeWorkflow(downstream.url, how), { triggerItems: again });
	const [hint] = result.hints('Guard').map(({ message }) => message);
	expect(hint).toMatch(
		/^2 of 3 new items went on .* That of item 0 came at .* under the key "call_1"/,
	);
});

test('where the first was given back, the next one takes its place, and only one of them', async () => {
	const how = parts('conflict', AGENT);
	downstream.nextFor('alike', { status: 429 });
	const settings = { ...how, chargeSettings: { onError: 'continueErrorOutput' as const } };
	await run(call('call_1', 'o-1', 1), settings);
	const next = await Promise.all(
		['call_2', 'call_3', 'call_4'].map(async (id) => await run(call(id, 'o-1', 1), settings)),
	);
	expect(next.map((each) => routed(each)[0]).sort()).toEqual([0, 0, 1]);
});

test('another tenant may say the same; and after the window it is said anew', async () => {
	const how = (tenant: string) => parts('conflict', AGENT, { tenant });
	expect(routed(await run(call('call_1', 'o-1', 1), how('acme')))).toEqual([1, 0, 0, 0]);
	expect(routed(await run(call('call_2', 'o-1', 1), how('globex')))).toEqual([1, 0, 0, 0]);
	tests++;
	const short = parts('conflict', AGENT, { sameContentMinutes: 0.001 });
	await run(call('call_1', 'o-1', 1), short);
	await new Promise((resolve) => setTimeout(resolve, 80));
	expect(routed(await run(call('call_2', 'o-1', 1), short))).toEqual([1, 0, 0, 0]);
});

test('is not looked for longer than a request is remembered', async () => {
	const forgets = parts('conflict', { ...AGENT, retentionHours: 1 }, { sameContentMinutes: 61 });
	const refused = await run(call('call_1', 'o-1', 1), forgets);
	expect(refused.status).toBe('error');
	expect(refused.error?.message).toContain('is longer than "Remember For (Hours)"');
});

test('what is remembered of contents is in no list and no counter', async () => {
	const how = parts('conflict', AGENT);
	await run(call('call_1', 'o-1', 1), how);
	const flow = (operation: string) =>
		workflow({
			id: 'looking',
			nodes: [
				webhook('Start'),
				records('Records', { operation, returnAll: true, workflows: 'all' }),
			],
		});
	const listed = await n8n.run(flow('list'), { triggerItems: [{ json: {} }] });
	const namespaces = listed.json('Records').map(({ namespace }) => namespace);
	expect(namespaces.some((each) => String(each).startsWith(String(how.id)))).toBe(true);
	expect(namespaces).not.toContain('same-content');
	const counted = await n8n.run(flow('stats'), { triggerItems: [{ json: {} }] });
	expect(counted.json('Records').map(({ namespace }) => namespace)).not.toContain('same-content');
});

test('on Redis: acts once, nothing is left among open claims, and off writes nothing more', async () => {
	const server = await RedisServer.start();
	try {
		const redis = engineOn(server);
		const send = async (does: string, id: string) =>
			await redis.run(
				chargeWorkflow(downstream.url, onRedis({ ...parts(does, AGENT), id: `redis-${does}` })),
				{ triggerItems: [call(id, 'o-1', 1)] },
			);
		await send('off', newKey());
		expect(await recordsIn(server)).toHaveLength(1);
		const key = newKey();
		expect(routed(await send('conflict', key))).toEqual([1, 0, 0, 0]);
		expect(await recordsIn(server)).toHaveLength(3);
		const refused = await send('conflict', newKey());
		expect(detailsOf(refused, 'Guard', 2)).toMatchObject({ likelyDuplicate: { key } });
		const open = await server.ask(async (client) => {
			const names = (await client.keys('*')).filter((name) => name.endsWith(':open'));
			return await Promise.all(names.map(async (name) => await client.zcard(name)));
		});
		expect(open.reduce((all, count) => all + count, 0)).toBe(0);
	} finally {
		await server.stop();
	}
});
