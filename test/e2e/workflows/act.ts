import type { INode, IWorkflowSettings } from 'n8n-workflow';
import type { WorkflowJson } from '../../support/engine/workflow';
import { commit, guard, node, workflow } from '../../support/engine/workflow';
import type { Credential } from '../harness/api';

/** Where claims are kept; with a credential in Redis. */
export interface StoreChoice {
	readonly store: 'embedded' | 'redis';
	readonly credential?: Credential;
}

const BASE = 'n8n-nodes-base';

export function webhook(path: string, responseMode = 'responseNode'): INode {
	const parameters = { httpMethod: 'POST', path, responseMode, options: {} };
	return node('Webhook', `${BASE}.webhook`, parameters, { typeVersion: 2, webhookId: path });
}

/** Charges for `key` of the request; an error stops the run, as HTTP Request does unless told otherwise. */
export function charge(url: string, key = "={{ $('Webhook').first().json.body.key }}"): INode {
	const parameters = {
		method: 'POST',
		url,
		sendBody: true,
		specifyBody: 'keypair',
		bodyParameters: { parameters: [{ name: 'key', value: key }] },
		options: { timeout: 100_000 },
	};
	return node('Charge', `${BASE}.httpRequest`, parameters, { typeVersion: 4.2 });
}

export function answer(name = 'Answer'): INode {
	return node(
		name,
		`${BASE}.respondToWebhook`,
		{
			respondWith: 'json',
			responseBody: '={{ $json }}',
			options: { responseCode: '={{ $json.idempotency?.statusCode ?? 200 }}' },
		},
		{ typeVersion: 1.4 },
	);
}

function settingsOf({ store, credential }: StoreChoice) {
	if (credential === undefined) return { parameters: { store }, settings: {} };
	const { id, name } = credential;
	return {
		parameters: { store },
		settings: { credentials: { idempotencyRedisApi: { id, name } } },
	};
}

/** A Guard that knows a request by `key` of its body. */
export function guardOf(choice: StoreChoice, key = '={{ $json.body.key }}'): INode {
	const { parameters, settings } = settingsOf(choice);
	const recognized = { keySource: 'expression', key };
	return guard('Guard', { ...parameters, ...recognized, options: {} }, settings);
}

export function commitOf(choice: StoreChoice): INode {
	const { parameters, settings } = settingsOf(choice);
	return commit('Commit', { ...parameters, operation: 'save', options: {} }, settings);
}

/** Webhook → Guard → what acts → Commit → Answer; duplicates and conflicts are answered, too. */
export function actWorkflow(
	path: string,
	choice: StoreChoice,
	acting: readonly INode[],
	settings: IWorkflowSettings = {},
): WorkflowJson {
	const names = acting.map(({ name }) => name);
	return workflow({
		name: path,
		nodes: [webhook(path), guardOf(choice), ...acting, commitOf(choice), answer()],
		connections: [
			['Webhook', 'Guard', ...names, 'Commit', 'Answer'],
			['Guard:1', 'Answer'],
			['Guard:2', 'Answer'],
		],
		settings,
	});
}
