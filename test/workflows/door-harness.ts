import type { IDataObject, INode } from 'n8n-workflow';

import { RedisServer } from '../support/redis-server';
import {
	commit,
	DoorServer,
	http,
	inPanelOrder,
	javascript,
	node,
	startDownstream,
	workflow,
} from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { engineOn } from './on-redis';
import { newKey } from './scenario';

/** What the tests of Idempotent Webhook over HTTP share: a door whose claims are on a real Redis, and who sends to it. */

export let downstream: Downstream;
export let server: RedisServer;
const doors: DoorServer[] = [];
beforeAll(async () => {
	[downstream, server] = await Promise.all([startDownstream(), RedisServer.start()]);
});
afterEach(async () => {
	for (const door of doors.splice(0)) await door.stop();
});
afterAll(async () => {
	await Promise.all([downstream.close(), server.stop()]);
});

export interface Parts {
	readonly webhook?: INode['parameters'];
	readonly act?: INode[];
	readonly commit?: INode['parameters'];
	readonly mode?: 'webhook' | 'manual';
	readonly credential?: IDataObject;
	readonly engine?: ReturnType<typeof engine>;
}

export const redis = { idempotencyRedisApi: { id: '1', name: 'Redis' } };
const auth = {
	httpBasicAuth: { id: 'basic', name: 'Basic' },
	httpHeaderAuth: { id: 'header', name: 'Header' },
	jwtAuth: { id: 'jwt', name: 'JWT' },
};

/** Each n8n has ids of its own; a door reads a credential again only after a while. */
const credentialFor = ({ engine: n8n }: Parts) =>
	n8n === undefined ? redis : { idempotencyRedisApi: { id: newKey(), name: 'Redis' } };

export async function doorOf(parts: Parts = {}): Promise<DoorServer> {
	const store = { store: 'redis' };
	const act = parts.act ?? [
		http('Charge', { url: downstream.url, fullResponse: true, body: '={{ $json.body }}' }),
	];
	const trigger = node(
		'Door',
		'n8n-nodes-idempotency.idempotentWebhook',
		{ ...store, path: 'orders', ...inPanelOrder(parts.webhook ?? {}) },
		{ typeVersion: 2, credentials: { ...credentialFor(parts), ...auth }, webhookId: 'door' },
	);
	const flow = workflow({
		nodes: [
			trigger,
			...act,
			commit('Commit', { ...store, ...parts.commit }, { credentials: redis }),
		],
	});
	const n8n = parts.engine ?? engineOn(server, {}, CREDENTIALS);
	const door = await DoorServer.start(n8n, flow, parts.mode);
	doors.push(door);
	return door;
}

export const CREDENTIALS = {
	basic: { user: 'shop', password: 'pass:word' },
	header: { name: 'X-Api-Token', value: 'secret' },
	jwt: { keyType: 'passphrase', secret: 'signing', algorithm: 'HS256' },
};

export interface Answer {
	readonly status: number;
	readonly headers: Headers;
	readonly text: string;
	readonly json: IDataObject;
}

export async function send(door: DoorServer, key: string, init: RequestInit = {}): Promise<Answer> {
	const response = await fetch(door.url, {
		method: 'POST',
		body: JSON.stringify({ key }),
		...init,
		headers: {
			'content-type': 'application/json',
			...(key === '' ? {} : { 'idempotency-key': key }),
			...(init.headers as Record<string, string>),
		},
	});
	const text = await response.text();
	let json: IDataObject = {};
	try {
		json = JSON.parse(text) as IDataObject;
	} catch {
		// Text is text.
	}
	return { status: response.status, headers: response.headers, text, json };
}

export const slow = (ms: number, act: () => void = () => undefined) =>
	javascript('Slow', async () => {
		await new Promise((resolve) => setTimeout(resolve, ms));
		act();
		return [{ json: { charged: true }, pairedItem: 0 }];
	});
