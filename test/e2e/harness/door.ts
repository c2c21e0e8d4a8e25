import { createHmac } from 'node:crypto';
import type { INodeCredentials } from 'n8n-workflow';

import { fireStorm } from '../../../scripts/lib/storm';
import { node, workflow } from '../../support/engine/workflow';
import type { Credential } from './api';
import type { N8nHost } from './n8n-host';
import type { ChargeWorkflow } from './storm';

/**
 * 500 deliveries of one key, all at once, none tried again: one execution and one charge. As many callers as may wait for one key get one
 * answer; the others are told to come again, and get the same answer then.
 */
export async function expectOneExecution(host: N8nHost, door: ChargeWorkflow): Promise<void> {
	const key = `one of ${door.url}`;
	const body = { orderId: key, amount: 5, currency: 'EUR' };
	const before = (await host.api.executions(door.workflowId)).length;
	const deliveries = Array.from({ length: 500 }, () => ({ key, body }));
	const answers = await fireStorm(door.url, deliveries, { sockets: 500, isFinal: () => true });
	const told = answers.map(({ status, body: text, error }) => error ?? `${status} ${text}`);
	const early = answers.filter(({ status }) => status === 409);
	expect(new Set(told.filter((answer) => !answer.startsWith('409 '))).size).toBe(1);
	expect(told.find((answer) => !answer.startsWith('409 '))).toMatch(/^201 /);
	expect(early.length).toBeLessThan(500);
	const again = await fireStorm(door.url, deliveries.slice(0, early.length), {
		isFinal: () => true,
	});
	const replayed = [...answers, ...again].filter(
		({ headers = {} }) => (headers as Record<string, unknown>)['idempotency-replayed'] === 'true',
	);
	expect(replayed).toHaveLength(499);
	expect(door.downstream.chargesOf(key)).toHaveLength(1);
	expect(await host.api.executions(door.workflowId)).toHaveLength(before + 1);
}

/**
 * Publishes Idempotent Webhook, an HTTP Request on both of whose outputs what the service answered is saved by Commit, or one that stops
 * the run where it was refused.
 */
export async function publishRefusable(
	host: N8nHost,
	url: string,
	settings: {
		readonly path: string;
		readonly responseMode: 'onReceived' | 'lastNode' | 'responseNode';
		readonly onRefusal: 'item' | 'errorOutput' | 'stop';
	},
): Promise<void> {
	const { path, responseMode, onRefusal } = settings;
	const door = node(
		'Door',
		'n8n-nodes-idempotency.idempotentWebhook',
		{ path, responseMode },
		{ typeVersion: 2, webhookId: path },
	);
	const response = { response: { neverError: true, fullResponse: true } };
	const act = node(
		'Act',
		'n8n-nodes-base.httpRequest',
		{ method: 'POST', url, options: onRefusal === 'item' ? { response } : {} },
		{
			typeVersion: 4.2,
			...(onRefusal === 'errorOutput' ? { onError: 'continueErrorOutput' } : {}),
		},
	);
	const commit = node('Commit', 'n8n-nodes-idempotency.idempotencyCommit');
	const connections = [
		['Door', 'Act', 'Commit'],
		...(onRefusal === 'errorOutput' ? [['Act:1', 'Commit']] : []),
	];
	await host.publish(workflow({ name: path, nodes: [door, act, commit], connections }));
}

const SIGNATURE = 'idempotentWebhookSignatureApi';

/**
 * Publishes Idempotent Webhook, signed as Stripe signs, before a node that gives on what it gets: the last node's item is the request, with
 * all that it holds.
 */
export async function publishEcho(
	host: N8nHost,
	path: string,
	store?: Credential,
): Promise<{ readonly workflowId: string; send(id: string, secret?: string): Promise<Response> }> {
	const signature = await host.api.saveCredential(path, SIGNATURE, { secret: 'e2e' });
	const ofStore: INodeCredentials = store === undefined ? {} : { idempotencyRedisApi: store };
	const trigger = node(
		'Door',
		'n8n-nodes-idempotency.idempotentWebhook',
		{
			path,
			sender: 'stripe',
			verifySignature: 'sender',
			responseMode: 'lastNode',
			store: store === undefined ? 'embedded' : 'redis',
		},
		{ typeVersion: 2, webhookId: path, credentials: { ...ofStore, [SIGNATURE]: signature } },
	);
	const flow = workflow({ id: path, nodes: [trigger, node('Echo', 'n8n-nodes-base.noOp')] });
	const workflowId = await host.publish({ ...flow, name: path });
	const send = async (id: string, secret = 'e2e'): Promise<Response> => {
		const body = JSON.stringify({ id, object: 'event' });
		const at = Math.floor(Date.now() / 1000);
		const v1 = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
		const headers = {
			'content-type': 'application/json',
			'stripe-signature': `t=${at},v1=${v1}`,
			authorization: 'Bearer of-the-caller',
		};
		return await fetch(host.webhook(path), { method: 'POST', body, headers });
	};
	return { workflowId, send };
}

/** One execution for a signed delivery and its retry, none for a forged one, and no answer with what only the run may have. */
export async function expectSafeEcho(
	host: N8nHost,
	path: string,
	store?: Credential,
): Promise<void> {
	const echo = await publishEcho(host, path, store);
	const forged = await echo.send('evt_1', 'guessed');
	expect(forged.status).toBe(401);
	const first = await echo.send('evt_1');
	const again = await echo.send('evt_1');
	const [told, toldAgain] = [await first.text(), await again.text()];
	expect([first.status, again.status]).toEqual([200, 200]);
	expect(told).toContain('evt_1');
	expect(toldAgain).toContain('evt_1');
	for (const text of [told, toldAgain]) expect(text).not.toMatch(/of-the-caller|idem1\./);
	expect(again.headers.get('idempotency-replayed')).toBe('true');
	expect(await host.api.executions(echo.workflowId)).toHaveLength(1);
}
