import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { userFolder } from '../support/engine';
import { until } from '../support/until';
import { closeDoors, openDoor } from './at-the-door';

/** Several events of one request, of which the sender hears before they run: what it is told is true. */

afterEach(closeDoors);

const FILE = join(userFolder, '.n8n', 'idempotency.sqlite');
const hubSpot = (...ids: number[]) =>
	JSON.stringify(
		ids.map((eventId) => ({ eventId, subscriptionId: 1, portalId: 2, occurredAt: 3 })),
	);

it('those that the settings keep from being checked are not acknowledged', async () => {
	const door = await openDoor({ sender: 'hubSpot', retentionHours: 0 });
	for (const body of [hubSpot(1), hubSpot(2, 3)]) {
		expect((await door.send({ body })).status).toBe(500);
	}
	expect(door.acted).toEqual([]);
});

it('those whose claims fail go on unprotected where that is chosen, as a single one does', async () => {
	const options = { onStoreError: 'continueUnprotected' };
	const door = await openDoor({ sender: 'hubSpot', responseMode: 'lastNode', options });
	expect((await door.send({ body: hubSpot(10) })).status).toBe(200);
	// Another process holds the file for longer than a claim is tried.
	const other = new DatabaseSync(FILE);
	other.exec('BEGIN IMMEDIATE');
	const answers = [
		await door.send({ body: hubSpot(11) }),
		await door.send({ body: hubSpot(12, 13) }),
	];
	other.exec('ROLLBACK');
	other.close();
	expect(answers.map(({ status }) => status)).toEqual([200, 200]);
	await until('they acted', () => door.acted.length === 4);
});

it('those that were acknowledged are kept with their claims until they ran', async () => {
	const door = await openDoor({ sender: 'hubSpot' });
	// This n8n dies between the answer and the run.
	door.server.beforeExecution = async () => await new Promise(() => undefined);
	expect((await door.send({ body: hubSpot(41, 42) })).status).toBe(200);
	const database = new DatabaseSync(FILE, { readOnly: true });
	const rows = database
		.prepare('SELECT key, results.bytes AS kept FROM claims LEFT JOIN results USING (id)')
		.all()
		.filter(({ key }) => /\b4[12]\b/.test(String(key)));
	database.close();
	expect(rows).toHaveLength(2);
	for (const { kept } of rows) expect((kept as Uint8Array | null)?.length).toBeGreaterThan(0);
});

it('share the raw body of their request', async () => {
	const door = await openDoor({ sender: 'hubSpot', options: { rawBody: true } });
	await door.send({ body: hubSpot(...Array.from({ length: 50 }, (_, i) => 1000 + i)) });
	await until('they acted', () => door.server.executions.length === 1);
	const items = door.server.executions[0]?.items('Door') ?? [];
	expect(items).toHaveLength(50);
	expect(new Set(items.map(({ binary }) => binary?.data))).toEqual(
		new Set([items[0]?.binary?.data]),
	);
	expect(items[0]?.binary?.data).toBe(items[49]?.binary?.data);
});

it('a header that nobody signed makes no other request of a body that has an ID, also with Generic HMAC', async () => {
	const door = await openDoor(
		{ sender: 'auto', verifySignature: 'hmac', signatureHeader: 'x-sig', signedContent: '{body}' },
		{ secrets: { secret: 'k' } },
	);
	const body = JSON.stringify({ id: 'evt_1', object: 'event' });
	const headers = { 'x-sig': createHmac('sha256', 'k').update(body).digest('hex') };
	expect((await door.send({ body, headers })).status).toBe(200);
	const copied = { ...headers, 'x-github-delivery': 'made-up' };
	expect((await door.send({ body, headers: copied })).status).toBe(401);
	expect(door.acted).toHaveLength(1);
});
