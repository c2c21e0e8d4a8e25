import type { IDataObject } from 'n8n-workflow';
import { startDownstream } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** "Time: Strict Age": events that are older than what the store remembers. */

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const send = async (key: string, parts: ChargeParts = {}) =>
	await n8n.run(chargeWorkflow(downstream.url, parts), { triggerItems: [delivery(key)] });

const guardWith = (options: IDataObject) =>
	({ guard: { options } }) as unknown as { guard: ChargeParts['guard'] };

test('needs the time of the event', async () => {
	const before = downstream.requests.length;
	const without = await send(newKey(), guardWith({ strictAge: true }));
	expect(without.error?.message).toBe('"Time: Strict Age" needs the option "Time: Event Time"');
	const empty = await send(
		newKey(),
		guardWith({ strictAge: true, ksuidTime: '={{ $json.body.at }}' }),
	);
	expect(empty.error?.message).toContain('"Time: Event Time" is empty for this item');
	expect(downstream.requests).toHaveLength(before);
});

test('refuses an event that happened before the store began, and says so', async () => {
	const key = newKey();
	const options = { strictAge: true, ksuidTime: new Date(Date.now() - 3_600_000).toISOString() };
	const details = detailsOf(await send(key, guardWith(options)), 'Conflict');
	expect(details).toMatchObject({ reason: 'stale_key', statusCode: 412 });
	expect(details.message).toContain('The store began to remember after the event happened');
	const old = { ...options, ksuidTime: new Date(Date.now() - 72 * 3_600_000).toISOString() };
	const older = detailsOf(await send(newKey(), guardWith(old)), 'Conflict');
	expect(older.message).toContain('older than this node remembers');
	expect(downstream.effects(key)).toBe(0);
	expect(routed(await send(key, guardWith({ ...options, strictAge: false })))).toEqual([
		1, 0, 0, 0,
	]);
});

test('lets an event through that happened since', async () => {
	const options = { strictAge: true, ksuidTime: new Date(Date.now() + 1_000).toISOString() };
	expect(routed(await send(newKey(), guardWith(options)))).toEqual([1, 0, 0, 0]);
});
