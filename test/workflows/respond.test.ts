import { javascript, startDownstream } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey } from './scenario';
import type { ChargeParts } from './scenario';

/** Commit with "Answer the Webhook": what the sender gets. */

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const commit = { options: { respond: true } };
const send = async (key: string, parts: ChargeParts = {}) =>
	await n8n.run(chargeWorkflow(downstream.url, { commit, ...parts }), {
		triggerItems: [delivery(key)],
	});
const acting = (...jsons: object[]): ChargeParts => ({
	act: [javascript('Act', () => jsons.map((json) => ({ json: json as never, pairedItem: 0 })))],
});

test('a full response: its own status and body', async () => {
	const key = newKey();
	downstream.nextFor(key, { status: 402, body: { declined: true } });
	const { responses } = await send(key);
	expect(responses).toEqual([
		{ statusCode: 402, body: { declined: true }, headers: { 'content-type': 'application/json' } },
	]);
});

test('an item, or a list of items, with 200', async () => {
	expect((await send(newKey(), acting({ id: 1 }))).responses).toEqual([
		{ statusCode: 200, body: { id: 1 }, headers: {} },
	]);
	expect((await send(newKey(), acting({ id: 1 }, { id: 2 }))).responses).toEqual([
		{ statusCode: 200, body: [{ id: 1 }, { id: 2 }], headers: {} },
	]);
});

test.each([
	[402, 402],
	[429, 429],
	[500, 500],
])(
	'an error item of HTTP Request with %i: that status, so that the sender can act on it',
	async (status, answered) => {
		const key = newKey();
		downstream.nextFor(key, { status });
		const { responses } = await send(key, {
			charge: { fullResponse: false },
			chargeSettings: { onError: 'continueErrorOutput' },
		});
		expect(responses).toMatchObject([{ statusCode: answered }]);
	},
);

test('an error without a status is no success: 502', async () => {
	const { responses } = await send(newKey(), acting({ error: 'Invalid URL' }));
	expect(responses).toMatchObject([{ statusCode: 502 }]);
});

test('never holds what is never stored: credentials of the request, the claim token', async () => {
	const key = newKey();
	downstream.nextFor(key, { status: 402 });
	const result = await send(key, {
		charge: {
			fullResponse: false,
			headers: '={{ ({ authorization: "Bearer SECRET" }) }}',
		},
		chargeSettings: { onError: 'continueErrorOutput' },
	});
	expect(JSON.stringify(result.json('Committed'))).toContain('idem1.');
	const answer = JSON.stringify(result.responses);
	expect(answer).toContain('402');
	expect(answer).not.toMatch(/SECRET|idem1\.|stack/);
	expect(answer).not.toContain(String(detailsOf(result, 'Guard').token));
});

test('items without a claim are answered too: their sender waits as well', async () => {
	const options = { onMissingKey: 'continueUnprotected' };
	const json = chargeWorkflow(downstream.url, { commit, guard: { options }, ...acting({ id: 7 }) });
	const result = await n8n.run(json, { triggerItems: [{ json: { a: 1 } }] });
	expect(result.responses).toEqual([{ statusCode: 200, body: { id: 7 }, headers: {} }]);
});
