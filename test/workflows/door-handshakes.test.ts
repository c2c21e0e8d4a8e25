import { createHmac } from 'node:crypto';

import { closeDoors, openDoor } from './at-the-door';

/** Handshakes at the door: answered for the sender that is chosen, and no execution is started. */

afterEach(closeDoors);

const slack = JSON.stringify({ token: 't', challenge: 'abc123', type: 'url_verification' });

it('Slack', async () => {
	const door = await openDoor({ sender: 'slack' });
	const answer = await door.send({ body: slack });
	expect(answer).toMatchObject({ status: 200, json: { challenge: 'abc123' } });
	expect(answer.headers.get('content-type')).toContain('application/json');
	expect(door.server.executions).toHaveLength(0);
});

it('Slack, with its signature: only that of the app is answered', async () => {
	const door = await openDoor(
		{ sender: 'slack', verifySignature: 'sender' },
		{ secrets: { secret: 's' } },
	);
	const at = String(Math.floor(Date.now() / 1000));
	const headers = (key: string) => ({
		'x-slack-request-timestamp': at,
		'x-slack-signature': `v0=${createHmac('sha256', key).update(`v0:${at}:${slack}`).digest('hex')}`,
	});
	expect(await door.send({ body: slack, headers: headers('s') })).toMatchObject({ status: 200 });
	expect(await door.send({ body: slack, headers: headers('x') })).toMatchObject({ status: 401 });
});

it('Zoom', async () => {
	const door = await openDoor({ sender: 'zoom' }, { secrets: { secret: 's' } });
	const plainToken = 'abc';
	const body = JSON.stringify({
		event: 'endpoint.url_validation',
		event_ts: 1,
		payload: { plainToken },
	});
	const encryptedToken = createHmac('sha256', 's').update(plainToken).digest('hex');
	expect(await door.send({ body })).toMatchObject({
		status: 200,
		json: { plainToken, encryptedToken },
	});
});

it('monday.com', async () => {
	const door = await openDoor({ sender: 'monday' });
	expect(await door.send({ body: '{"challenge":"abc"}' })).toMatchObject({
		status: 200,
		json: { challenge: 'abc' },
	});
});

it("Meta's GET, which nobody has to add", async () => {
	const door = await openDoor({ sender: 'whatsApp' }, { secrets: { verifyToken: 'secret' } });
	const ask = async (token: string) =>
		await door.send({
			method: 'GET',
			path: `?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${token}`,
		});
	const answer = await ask('secret');
	expect([answer.status, answer.text]).toEqual([200, '1158201444']);
	expect(answer.headers.get('content-type')).toContain('text/plain');
	expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
	expect((await ask('guessed')).status).toBe(403);
	expect((await door.send({ method: 'GET', path: '?a=b' })).status).toBe(405);
	expect(door.server.executions).toHaveLength(0);
});

it('Microsoft Graph, and Asana with its header', async () => {
	const graph = await openDoor({ sender: 'microsoftGraph' });
	const answer = await graph.send({ path: '?validationToken=Validation%3A+it+works', body: '' });
	expect([answer.status, answer.text]).toEqual([200, 'Validation: it works']);
	const asana = await openDoor({ sender: 'asana' });
	const secret = 'b5'.repeat(16);
	const echoed = await asana.send({ body: '', headers: { 'x-hook-secret': secret } });
	expect([echoed.status, echoed.headers.get('x-hook-secret')]).toEqual([200, secret]);
});

it('of no sender in particular is an ordinary request', async () => {
	const door = await openDoor({});
	const answer = await door.send({
		body: '{"challenge":"abc"}',
		headers: { 'idempotency-key': 'k' },
	});
	expect(answer.json).toEqual({ answer: 1 });
});
