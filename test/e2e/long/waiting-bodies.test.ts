import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:http';

import { node, workflow } from '../../support/engine/workflow';
import { startDownstream } from '../../support/downstream';
import { N8nHost } from '../harness/n8n-host';

/**
 * 200 callers that wait for the answers to two requests, each with a body of 15 MB, one after the other, at an n8n whose heap may grow to
 * 1 GB. Kept, their bodies would be 3 GB as they came and more as they are parsed. Who waits needs none: it can only be answered.
 */

const MB = 1024 * 1024;
const BODY_BYTES = 15 * MB;
const KEYS = ['one', 'two'];
/** As many as may wait for one key. */
const WAITERS_PER_KEY = 100;

const body = Buffer.from(
	JSON.stringify({
		orders: Array.from({ length: BODY_BYTES / 1024 }, (_, i) => ({
			id: i,
			note: 'x'.repeat(1000),
		})),
	}),
);

it('lives, and gives each its answer', async () => {
	let finish = (): void => undefined;
	const finished = new Promise<void>((resolve) => (finish = resolve));
	const service = await startDownstream({ answer: () => ({ until: finished }) });
	const env = { NODE_OPTIONS: '--max-old-space-size=1024', N8N_METRICS: 'true' };
	const n8n = await (await (await N8nHost.create({ env })).start()).signIn();
	const path = 'waiting-bodies';
	const door = node(
		'Door',
		'n8n-nodes-idempotency.idempotentWebhook',
		{
			path,
			sender: 'idempotencyKey',
			options: { onInProgress: 'wait', maxWaitSeconds: 3600 },
		},
		{ typeVersion: 2, webhookId: path },
	);
	const act = node(
		'Act',
		'n8n-nodes-base.httpRequest',
		{
			method: 'POST',
			url: service.url,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: '={{ { key: $json.idempotency.key } }}',
			options: { timeout: 3_600_000 },
		},
		{ typeVersion: 4.2 },
	);
	const commit = node('Commit', 'n8n-nodes-idempotency.idempotencyCommit');
	await n8n.publish({ ...workflow({ id: path, nodes: [door, act, commit] }), name: path });

	const residentMb = async (): Promise<number> => {
		const metrics = await (await fetch(`${n8n.url}/metrics`)).text();
		const [, bytes] = /^n8n_process_resident_memory_bytes (\S+)/m.exec(metrics) ?? [];
		return Math.round(Number(bytes) / MB);
	};
	const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
	const send = async (key: string): Promise<{ answer: Promise<IncomingMessage> }> => {
		const sent = request(n8n.webhook(path), {
			agent,
			method: 'POST',
			headers: {
				'content-type': 'application/json',
				'content-length': body.length,
				'idempotency-key': key,
			},
		});
		const answer = once(sent, 'response').then(([response]) => response as IncomingMessage);
		answer.catch(() => undefined);
		sent.end(body);
		await once(sent, 'finish');
		// Taken in: the next one finds it waiting.
		await residentMb();
		return { answer };
	};

	const answers: Array<Promise<IncomingMessage>> = [];
	const resident: number[] = [];
	for (const key of KEYS) {
		answers.push((await send(key)).answer);
		await new Promise((resolve) => setTimeout(resolve, 3_000));
	}
	for (let waiter = 0; waiter < WAITERS_PER_KEY; waiter++) {
		for (const key of KEYS) answers.push((await send(key)).answer);
		if (waiter % 10 === 9) resident.push(await residentMb());
	}
	console.log(`Resident MB after each 20 waiters: ${resident.join(' ')}`);
	finish();
	const statuses = [];
	let replayed = 0;
	for (const answer of answers) {
		const response = await answer;
		statuses.push(response.statusCode);
		if (response.headers['idempotency-replayed'] === 'true') replayed++;
		response.resume();
	}
	expect(statuses).toEqual(answers.map(() => 200));
	expect(replayed).toBe(KEYS.length * WAITERS_PER_KEY);
	expect(KEYS.map((key) => service.effects(key))).toEqual([1, 1]);
	const [first = 0] = resident;
	const weightMb = (KEYS.length * (WAITERS_PER_KEY - 10) * BODY_BYTES) / MB;
	expect((resident.at(-1) ?? Infinity) - first).toBeLessThan(weightMb / 4);
	agent.destroy();
}, 3_600_000);
