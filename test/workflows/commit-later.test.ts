import type { IDataObject } from 'n8n-workflow';
import { RedisServer } from '../support/redis-server';
import { commit, javascript, startDownstream } from '../support/engine';
import type { Downstream, RunResult } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** Redis is gone after the charge: what was charged is not lost, and is saved later. */

let downstream: Downstream;
let server: RedisServer;
beforeAll(async () => {
	downstream = await startDownstream();
	server = await RedisServer.start({ config: ['appendonly yes', 'appendfsync always'] });
});
afterAll(async () => {
	await downstream.close();
	await server.stop();
});

const credentials = { idempotencyRedisApi: { id: '1', name: 'Redis' } };
const n8n = () =>
	engine({
		credentials: {
			idempotencyRedisApi: { deployment: 'standalone', host: '127.0.0.1', port: server.port },
		},
	});

const parts = (more: ChargeParts = {}): ChargeParts => ({
	...more,
	guard: { store: 'redis' },
	commit: { store: 'redis', ...more.commit },
	guardSettings: { credentials },
	commitSettings: { credentials, ...more.commitSettings },
});

const send = async (key: string, more: ChargeParts = {}): Promise<RunResult> =>
	await n8n().run(chargeWorkflow(downstream.url, parts(more)), { triggerItems: [delivery(key)] });

/** A run whose Redis dies between Charge and Commit. */
async function cutOff(key: string, more: ChargeParts = {}): Promise<RunResult> {
	const result = await n8n().run(chargeWorkflow(downstream.url, parts(more)), {
		triggerItems: [delivery(key)],
		onNode: async (event, node) => {
			if (event === 'after' && node === 'Charge') await server.kill('SIGKILL');
		},
	});
	expect(downstream.effects(key)).toBe(1);
	return result;
}

afterEach(async () => {
	await server.kill('SIGKILL');
	await server.run();
});

const UNSAVED = /^The request was handled, but its result could not be saved: /;

test('Commit ends with an error; "Retry execution" saves the result, and nothing is charged again', async () => {
	const key = newKey();
	const result = await cutOff(key);
	expect(result.status).toBe('error');
	expect(result.lastNode).toBe('Commit');
	expect(result.error?.message).toMatch(UNSAVED);
	expect(result.error?.description).toMatch(/Retry/);

	await server.run();
	const meanwhile = await send(key);
	expect(routed(meanwhile)).toEqual([0, 0, 1, 0]);

	const retried = await n8n().retry(result);
	expect(retried.error?.message).toBeUndefined();
	expect(retried.json('Committed')).toEqual(result.json('Charge'));

	const duplicate = await send(key);
	expect(routed(duplicate)).toEqual([0, 1, 0, 0]);
	expect(duplicate.json('Duplicate')).toEqual(result.json('Charge'));
	expect(downstream.effects(key)).toBe(1);
});

test('under "Continue (using error output)" the error item carries the full response, and leads to the claim', async () => {
	const key = newKey();
	const json = chargeWorkflow(
		downstream.url,
		parts({ commitSettings: { onError: 'continueErrorOutput' } }),
	);
	// Behind the error output, once Redis is back: the response is in "details", and the item's link leads to the claim.
	const unwrap = javascript('Unwrap', (items) =>
		items.map(({ json: { details } }) => ({ json: details as IDataObject })),
	);
	const later = commit('Later', { store: 'redis' }, { credentials });
	const again = {
		...json,
		nodes: [...json.nodes, unwrap, later],
		connections: {
			...json.connections,
			Unsaved: { main: [[{ node: 'Unwrap', type: 'main' as const, index: 0 }]] },
			Unwrap: { main: [[{ node: 'Later', type: 'main' as const, index: 0 }]] },
		},
	};
	const result = await n8n().run(again, {
		triggerItems: [delivery(key)],
		onNode: async (event, node) => {
			if (event === 'after' && node === 'Charge') await server.kill('SIGKILL');
			if (event === 'before' && node === 'Later') await server.run();
		},
	});
	const [response] = result.json('Charge');
	expect(response).toMatchObject({ statusCode: 200, body: { key } });
	expect(result.json('Committed')).toEqual([]);
	expect(result.json('Unsaved')).toEqual([
		{ details: response, error: expect.stringMatching(UNSAVED) },
	]);
	expect(result.error?.message).toBeUndefined();
	expect(result.json('Later')).toEqual([response]);
	expect((await send(key)).json('Duplicate')).toEqual([response]);
	expect(downstream.effects(key)).toBe(1);
});

test('a later run that is given the token by the option "Claim" saves the result', async () => {
	const key = newKey();
	const cut = await cutOff(key, { commitSettings: { onError: 'continueErrorOutput' } });
	const { token } = cut.json('Guard')[0]?.idempotency as { token: string };
	await server.run();

	// What a person, or an error workflow's table of unsaved results, hands on: response and token.
	const response = cut.json('Charge')[0] ?? {};
	const later = await n8n().run(
		chargeWorkflow(downstream.url, parts({ act: [], commit: { options: { claim: token } } })),
		{ triggerItems: [{ json: response }], startNode: 'Commit' },
	);
	expect(later.error?.message).toBeUndefined();
	expect(later.json('Committed')).toEqual([response]);
	const duplicate = await send(key);
	expect(duplicate.json('Duplicate')).toEqual([response]);
	expect(downstream.effects(key)).toBe(1);
});
