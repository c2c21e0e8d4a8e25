import type { INode } from 'n8n-workflow';
import type { WorkflowJson } from '../../support/engine/workflow';
import { commit, guard, node, workflow } from '../../support/engine/workflow';

/** Ten workflows around an act, of n8n's own nodes, for a real n8n. */

export interface Shape {
	readonly name: string;
	/** How many calls one request makes at the service that charges. */
	readonly parts: number;
	readonly json: WorkflowJson;
}

const BASE = 'n8n-nodes-base';
const ERROR_OUTPUT = { onError: 'continueErrorOutput' } as const;

export function shapesOf(url: string): Shape[] {
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
				options: { redirect: { redirect: { followRedirects: false } }, ...options },
			} as INode['parameters'],
			{ typeVersion: 4.2, ...settings },
		);
	const full = { response: { response: { neverError: true, fullResponse: true } } };
	const one = '$json.body.parts[0].key';
	const each = '$json.key';
	const beside = (name: string) => `$("Guard").first().json.body.key + "/${name}"`;
	const split = node('Split', `${BASE}.splitOut`, { fieldToSplitOut: 'body.parts', options: {} });
	const loop = node(
		'Loop',
		`${BASE}.splitInBatches`,
		{ batchSize: 1, options: {} },
		{ typeVersion: 3 },
	);
	const aggregate = node('All', `${BASE}.aggregate`, {
		aggregate: 'aggregateAllItemData',
		destinationFieldName: 'data',
		options: {},
	});
	const done = node('Done', `${BASE}.noOp`);
	const nodes: Array<[name: string, parts: number, nodes: INode[], connections: string[][]]> = [
		['a Guard alone', 1, [call('Charge', one)], [['Guard', 'Charge']]],
		[
			'a call',
			1,
			[call('Charge', one, {}, full), commit('Commit')],
			[['Guard', 'Charge', 'Commit']],
		],
		[
			'both outputs to Commit',
			1,
			[call('Charge', one, ERROR_OUTPUT), commit('Commit')],
			[
				['Guard', 'Charge', 'Commit'],
				['Charge:1', 'Commit'],
			],
		],
		[
			'a split',
			2,
			[split, call('Charge', each, ERROR_OUTPUT), commit('Commit')],
			[
				['Guard', 'Split', 'Charge', 'Commit'],
				['Charge:1', 'Commit'],
			],
		],
		[
			'a loop with Commit in it',
			3,
			[split, loop, call('Charge', each), commit('Commit'), done],
			[
				['Guard', 'Split', 'Loop'],
				['Loop:1', 'Charge', 'Commit', 'Loop'],
				['Loop', 'Done'],
			],
		],
		[
			'two acts in a row',
			1,
			[call('Charge', one, {}, full), call('Notify', beside('notice'), {}, full), commit('Commit')],
			[['Guard', 'Charge', 'Notify', 'Commit']],
		],
		[
			'an alert behind the error output',
			1,
			[
				call('Charge', one, ERROR_OUTPUT),
				call('Alert', beside('alert'), {}, full),
				commit('Commit'),
			],
			[
				['Guard', 'Charge', 'Commit'],
				['Charge:1', 'Alert', 'Commit'],
			],
		],
		[
			'Aggregate before Commit',
			2,
			[split, call('Charge', each, {}, full), aggregate, commit('Commit')],
			[['Guard', 'Split', 'Charge', 'All', 'Commit']],
		],
		[
			'Commit, then another act',
			1,
			[call('Charge', one, {}, full), commit('Commit'), call('After', beside('after'))],
			[['Guard', 'Charge', 'Commit', 'After']],
		],
		[
			'a branch that logs beside it',
			1,
			[call('Charge', one, {}, full), commit('Commit'), call('Log', beside('log'))],
			[
				['Guard', 'Charge', 'Commit'],
				['Guard', 'Log'],
			],
		],
	];
	return nodes.map(([name, parts, acting, connections], i) => {
		const path = `shape-${i}`;
		const parameters = { httpMethod: 'POST', path, responseMode: 'onReceived', options: {} };
		const webhook = node('Webhook', `${BASE}.webhook`, parameters, {
			typeVersion: 2,
			webhookId: path,
		});
		const recognized = { keySource: 'expression', key: '={{ $json.body.key }}', options: {} };
		const [first = [], ...others] = connections;
		return {
			name,
			parts,
			json: workflow({
				name: path,
				nodes: [webhook, guard('Guard', recognized), ...acting],
				connections: [['Webhook', ...first], ...others],
			}),
		};
	});
}
