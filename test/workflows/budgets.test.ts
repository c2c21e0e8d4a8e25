import type { IDataObject, INode } from 'n8n-workflow';
import { startDownstream } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const NEW = [1, 0, 0, 0];
const DUPLICATE = [0, 1, 0, 0];
const CONFLICT = [0, 0, 1, 0];

/** Sends deliveries to one Guard, whose keys are its own. */
function guardWith(options: INode['parameters']) {
	const id = `workflow of ${newKey()}`;
	return async (key: string, body: IDataObject = {}) =>
		await n8n.run(chargeWorkflow(downstream.url, { id, guard: { options } }), {
			triggerItems: [delivery(key, body)],
		});
}

const perOrder = { budgetScope: '={{ $json.body.order }}', budgetLimit: 2 };

test('an agent that invents a new request each time is stopped, and told so', async () => {
	const send = guardWith(perOrder);
	const order = newKey();
	const [first, second] = [newKey(), newKey()];
	expect(routed(await send(first, { order, amount: 1 }))).toEqual(NEW);
	expect(routed(await send(second, { order, amount: 2 }))).toEqual(NEW);
	for (let amount = 3; amount < 10; amount++) {
		const key = newKey();
		const refused = await send(key, { order, amount });
		expect(routed(refused)).toEqual(CONFLICT);
		expect(downstream.effects(key)).toBe(0);
		const details = detailsOf(refused, 'Conflict');
		expect(details).toMatchObject({
			outcome: 'conflict',
			reason: 'budget_exhausted',
			statusCode: 429,
			attempt: 0,
			problem: { status: 429, title: 'Too many new requests', detail: details.message },
		});
		expect(details.message).toMatch(
			/^2 new requests were already made in the last 60 minutes, which is as many as are allowed\. Nothing was done now\. Stop here: .*A further one may be made in \d+ s\.$/,
		);
		expect(details.retryAfterSeconds).toBeGreaterThan(3_500);
		expect(details.retryAfterSeconds).toBeLessThanOrEqual(3_600);
	}
	expect(routed(await send(first, { order, amount: 1 }))).toEqual(DUPLICATE);
	expect(routed(await send(newKey(), { order: newKey() }))).toEqual(NEW);
});

test('each tenant has a budget of its own; without a tenant nothing is let through', async () => {
	const tenant = '={{ $json.body.customer }}';
	const perTenant = { budgetPer: 'tenant', budgetLimit: 1, tenant, tenantMode: 'bind' };
	const send = guardWith(perTenant);
	expect(routed(await send(newKey(), { customer: 'acme' }))).toEqual(NEW);
	expect(routed(await send(newKey(), { customer: 'acme' }))).toEqual(CONFLICT);
	expect(routed(await send(newKey(), { customer: 'globex' }))).toEqual(NEW);
	const nobody = await guardWith({ budgetPer: 'tenant', budgetLimit: 1 })(newKey());
	expect(nobody.error?.message).toContain('The item has no budget');
});

test('without a scope all items of the Guard share one budget', async () => {
	const send = guardWith({ budgetLimit: 1, budgetWindowMinutes: 1 });
	expect(routed(await send(newKey()))).toEqual(NEW);
	const refused = await send(newKey());
	expect(routed(refused)).toEqual(CONFLICT);
	expect(detailsOf(refused, 'Conflict').message).toMatch(
		/^One new request was already made in the last minute,/,
	);
	expect(routed(await guardWith({ budgetLimit: 1 })(newKey()))).toEqual(NEW);
});

test('each tenant has its own budget', async () => {
	const send = guardWith({ ...perOrder, budgetLimit: 1, tenant: '={{ $json.body.tenant }}' });
	const order = newKey();
	expect(routed(await send(newKey(), { order, tenant: 'a' }))).toEqual(NEW);
	expect(routed(await send(newKey(), { order, tenant: 'a' }))).toEqual(CONFLICT);
	expect(routed(await send(newKey(), { order, tenant: 'b' }))).toEqual(NEW);
});

test('test runs take nothing of it, unless they are like real runs', async () => {
	const id = `workflow of ${newKey()}`;
	const order = newKey();
	const test = async (options: INode['parameters'] = {}) =>
		routed(
			await n8n.run(
				chargeWorkflow(downstream.url, {
					id,
					guard: { options: { ...perOrder, budgetLimit: 1, ...options } },
				}),
				{ mode: 'manual', triggerItems: [delivery(newKey(), { order })] },
			),
		);
	for (let i = 0; i < 3; i++) expect(await test()).toEqual(NEW);
	expect(await test({ testRuns: 'same' })).toEqual(NEW);
	expect(await test({ testRuns: 'same' })).toEqual(CONFLICT);
});

test('1 and "1" are two scopes', async () => {
	const send = guardWith({ ...perOrder, budgetLimit: 1 });
	expect(routed(await send(newKey(), { order: 1 }))).toEqual(NEW);
	expect(routed(await send(newKey(), { order: '1' }))).toEqual(NEW);
	expect(routed(await send(newKey(), { order: 1 }))).toEqual(CONFLICT);
});

test.each([
	['an empty scope', {}, perOrder, /"Limit: Budget Scope" is empty for it/],
	['a limit of 0', { order: 1 }, { ...perOrder, budgetLimit: 0 }, /"Limit: Budget" must be/],
	['no number', { order: 1 }, { ...perOrder, budgetLimit: 'many' }, /"Limit: Budget" must be/],
	[
		'no window',
		{ order: 1 },
		{ ...perOrder, budgetWindowMinutes: 0 },
		/"Limit: Budget Window \(Minutes\)" must be more than zero/,
	],
])('%s lets nothing through', async (_, body, options, message) => {
	const key = newKey();
	const result = await guardWith(options)(key, body);
	expect(result.status).toBe('error');
	expect(result.error?.message).toMatch(message);
	expect(downstream.effects(key)).toBe(0);
});

test('a node that is run again by Retry On Fail takes one of the budget', async () => {
	const id = `workflow of ${newKey()}`;
	const order = newKey();
	const failing = chargeWorkflow(downstream.url, {
		id,
		guard: { options: perOrder },
		guardSettings: { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 },
	});
	// n8n runs any node again whose first item has an error.
	const item = delivery(newKey(), { order });
	item.json.error = 'brought along';
	expect(routed(await n8n.run(failing, { triggerItems: [item] }))).toEqual(NEW);
	const send = async () =>
		await n8n.run(failing, { triggerItems: [delivery(newKey(), { order })] });
	expect(routed(await send())).toEqual(NEW);
	expect(routed(await send())).toEqual(CONFLICT);
});
