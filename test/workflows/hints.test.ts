import type { INodeExecutionData } from 'n8n-workflow';
import { commit, guard, noOp, respond, webhook, webhookItem, workflow } from '../support/engine';
import type { WorkflowJson } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, newKey } from './scenario';

const n8n = engine();
const run = async (
	json: WorkflowJson,
	mode: 'manual' | 'webhook',
	item: INodeExecutionData = delivery(newKey()),
) => await n8n.run(json, { mode, triggerItems: [item] });
const hintsOf = async (
	json: WorkflowJson,
	mode: 'manual' | 'webhook' = 'manual',
	item?: INodeExecutionData,
) => (await run(json, mode, item)).hints('Guard').map(({ message }) => message);

const asked = { responseMode: 'responseNode' };
/** A workflow with nothing to hint at, but that callers choose the key. */
const fine = (parts: { webhook?: object; conflict?: boolean; commit?: boolean } = {}) =>
	workflow({
		nodes: [
			webhook('Webhook', { ...asked, ...parts.webhook }),
			guard('Guard'),
			commit('Commit', {}, { disabled: parts.commit === false }),
			respond('Refuse', 409),
		],
		connections: [
			['Webhook', 'Guard', 'Commit'],
			...(parts.conflict === false ? [['Refuse']] : [['Guard:2', 'Refuse']]),
		],
	});
const shared = /Callers choose this key/;
const only = async (json: WorkflowJson) =>
	(await hintsOf(json)).filter((message) => !shared.test(message));

test('a workflow in order has none', async () => {
	expect(await only(fine())).toEqual([]);
	expect(await only(chargeWorkflow('', { act: [noOp('Act')] }))).toEqual([]);
});

test('no Commit behind the Guard, or only a disabled one', async () => {
	const message = expect.stringMatching(/^There is no Idempotency Commit behind this node/);
	expect(await only(fine({ commit: false }))).toEqual([message]);
});

test('Conflict is not connected', async () => {
	expect(await only(fine({ conflict: false }))).toEqual([
		expect.stringMatching(/^Nothing is connected to Conflict/),
	]);
});

test('the Webhook answers before the Guard has checked anything', async () => {
	const message = expect.stringMatching(/^The Webhook answers "Immediately"/);
	expect(await only(fine({ webhook: { responseMode: 'onReceived' } }))).toEqual([message]);
	expect(await only(fine({ webhook: { responseMode: 'lastNode' } }))).toEqual([]);
});

test('callers choose the key, and there is no tenant', async () => {
	expect(await hintsOf(fine())).toEqual([expect.stringMatching(shared)]);
});

test('production runs are told nothing about the workflow', async () => {
	expect(
		await hintsOf(fine({ conflict: false, webhook: { responseMode: 'onReceived' } }), 'webhook'),
	).toEqual([]);
});

test('the sender retries for longer than requests are remembered', async () => {
	const stripe = webhookItem({
		headers: { 'stripe-signature': 't=1,v1=a' },
		body: { id: 'evt_1', object: 'event' },
	});
	const json = (retentionHours: number) =>
		chargeWorkflow('', { act: [noOp('Act')], guard: { retentionHours } });
	expect(await hintsOf(json(48), 'webhook', stripe)).toEqual([
		'This sender may retry for 72 hours, but requests are remembered for 48 only. Set "Remember For" to more.',
	]);
	expect(await hintsOf(json(72), 'webhook', stripe)).toEqual([]);
});

test.each([
	['embedded', 'redis'],
	['redis', 'embedded'],
])('a Guard on %s and a Commit on %s are refused before anything acts', async (store, other) => {
	const json = chargeWorkflow('', {
		act: [noOp('Act')],
		guard: { store },
		commit: { store: other },
	});
	const result = await run(json, 'webhook');
	expect(result.status).toBe('error');
	expect(result.error?.message).toBe('Idempotency Commit uses another store than this node');
	expect(result.error?.description).toContain(
		`In "Commit" it is "${other}", here it is "${store}"`,
	);
	expect(result.tasks('Act')).toEqual([]);
});
