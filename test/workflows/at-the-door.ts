import type { IDataObject, INode } from 'n8n-workflow';

import { commit, DoorServer, inPanelOrder, javascript, node, workflow } from '../support/engine';
import type { Credentials } from '../support/engine';
import { engine } from './nodes';

/** A workflow behind Idempotent Webhook, with the embedded store: what comes through acts, and Commit saves that. */
export interface TestDoor {
	readonly server: DoorServer;
	/** The items that acted. */
	readonly acted: IDataObject[];
	send(init: RequestInit & { readonly path?: string }): Promise<DoorAnswer>;
}

export interface DoorAnswer {
	readonly status: number;
	readonly headers: Headers;
	readonly text: string;
	readonly json: IDataObject;
}

let doors = 0;
const open: DoorServer[] = [];

export async function closeDoors(): Promise<void> {
	for (const door of open.splice(0)) await door.stop();
}

/** @param secrets of the credential Idempotent Webhook Signature */
export async function openDoor(
	webhook: INode['parameters'],
	parts: {
		readonly secrets?: IDataObject;
		readonly mode?: 'webhook' | 'manual';
		/** Awaited before it acts. */
		readonly before?: () => Promise<void>;
		readonly act?: (item: IDataObject) => IDataObject;
		/** What acts is the last node. */
		readonly withoutCommit?: boolean;
	} = {},
): Promise<TestDoor> {
	const acted: IDataObject[] = [];
	const id = `at-the-door-${++doors}`;
	const act = javascript('Act', async (items) => {
		await parts.before?.();
		return items.map(({ json }, item) => {
			acted.push(json);
			return { json: parts.act?.(json) ?? { answer: acted.length }, pairedItem: { item } };
		});
	});
	const trigger = node(
		'Door',
		'n8n-nodes-idempotency.idempotentWebhook',
		{ path: 'orders', ...inPanelOrder(webhook) },
		{
			typeVersion: 2,
			credentials: { idempotentWebhookSignatureApi: { id, name: 'Signature' } },
			webhookId: id,
		},
	);
	const flow = workflow({
		id,
		nodes: [trigger, act, ...(parts.withoutCommit ? [] : [commit('Commit')])],
	});
	const n8n = engine({ credentials: { [id]: (parts.secrets ?? {}) as Credentials[string] } });
	const server = await DoorServer.start(n8n, flow, parts.mode);
	open.push(server);
	return { server, acted, send: async (init) => await send(server, init) };
}

async function send(
	server: DoorServer,
	{ path = '', ...init }: RequestInit & { readonly path?: string },
): Promise<DoorAnswer> {
	const response = await fetch(server.url + path, {
		method: 'POST',
		...init,
		headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string>) },
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
