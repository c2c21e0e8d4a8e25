import type { INode } from 'n8n-workflow';
import { node } from '../../support/engine/workflow';

/** n8n's own nodes, as the shapes of workflows have them. */

const BASE = 'n8n-nodes-base';

/** Calls of a service. */
export function callsOf(url: string, timeout = 60_000) {
	const call = (name: string, key: string, settings = {}, options = {}) =>
		node(
			name,
			`${BASE}.httpRequest`,
			{
				method: 'POST',
				url,
				sendBody: true,
				specifyBody: 'json',
				jsonBody: `={{ { key: ${key} } }}`,
				options: { redirect: { redirect: { followRedirects: false } }, timeout, ...options },
			} as INode['parameters'],
			{ typeVersion: 4.2, ...settings },
		);
	return {
		call,
		charge: (key: string, settings = {}, options = {}) => call('Charge', key, settings, options),
		ERROR_OUTPUT: { onError: 'continueErrorOutput' },
		FULL: { response: { response: { neverError: true, fullResponse: true } } },
	} as const;
}

export const ACTS = {
	split: node('Split', `${BASE}.splitOut`, { fieldToSplitOut: 'body.parts', options: {} }),
	loop: node('Loop', `${BASE}.splitInBatches`, { batchSize: 1, options: {} }, { typeVersion: 3 }),
	aggregate: node('All', `${BASE}.aggregate`, {
		aggregate: 'aggregateAllItemData',
		destinationFieldName: 'data',
		options: {},
	}),
	merge: node('Merge', `${BASE}.merge`, { mode: 'append' }, { typeVersion: 3 }),
	wait: node(
		'Wait',
		`${BASE}.wait`,
		{ resume: 'timeInterval', amount: 0.1, unit: 'seconds' },
		{ typeVersion: 1.1, webhookId: 'retry-wait' },
	),
	code: node('Code', `${BASE}.code`, { jsCode: 'return $input.all();' }, { typeVersion: 2 }),
	respond: node(
		'Respond',
		`${BASE}.respondToWebhook`,
		{ respondWith: 'noData', options: { responseCode: 202 } },
		{ typeVersion: 1.4 },
	),
	onlyPaid: node(
		'If',
		`${BASE}.if`,
		{
			conditions: {
				options: { caseSensitive: true, typeValidation: 'loose', version: 2 },
				combinator: 'and',
				conditions: [
					{
						id: '1',
						leftValue: '={{ $json.body.parts.length }}',
						rightValue: 0,
						operator: { type: 'number', operation: 'gt' },
					},
				],
			},
			options: {},
		} as INode['parameters'],
		{ typeVersion: 2.2 },
	),
	done: node('Done', `${BASE}.noOp`),
	called: node(
		'Called',
		`${BASE}.executeWorkflowTrigger`,
		{ inputSource: 'passthrough' },
		{ typeVersion: 1.1 },
	),
	callWorkflow: (id: string) =>
		node(
			'Call',
			`${BASE}.executeWorkflow`,
			{ workflowId: { __rl: true, mode: 'id', value: id }, options: {} },
			{ typeVersion: 1.2 },
		),
	lookUp: (url: string) =>
		node(
			'Look Up',
			`${BASE}.httpRequest`,
			{ url: `${url}/look-up`, options: {} },
			{ typeVersion: 4.2 },
		),
} as const;
