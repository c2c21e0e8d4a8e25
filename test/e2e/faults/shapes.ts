import type { INode } from 'n8n-workflow';
import type { WorkflowJson } from '../../support/engine/workflow';
import { workflow } from '../../support/engine/workflow';
import type { StoreChoice } from '../workflows/act';
import { commitOf, guardOf, webhook } from '../workflows/act';
import { ACTS, callsOf } from './acts';

/** Workflows around an act, of n8n's own nodes, for a real n8n. */

export interface Shape {
	readonly name: string;
	/** How many calls one request makes at the service that charges. */
	readonly parts: number;
	/** It calls again by itself after any error, so that what a service did twice says nothing of us. */
	readonly repeats: boolean;
	/** Its name is the path of its webhook. */
	readonly json: WorkflowJson;
}

/** The workflow that a shape calls: published before it, with the same service. */
export const calledWorkflow = (url: string, timeout?: number): WorkflowJson =>
	workflow({
		name: 'called',
		nodes: [ACTS.called, callsOf(url, timeout).charge('$json.body.parts[0].key')],
	});

type Plan = readonly [name: string, parts: number, nodes: INode[], connections: string[][]];

/** @param called the ID of {@link calledWorkflow} */
export function shapesOf(
	url: string,
	choice: StoreChoice,
	called: string,
	timeout?: number,
): Shape[] {
	const { call, charge, ERROR_OUTPUT, FULL } = callsOf(url, timeout);
	const one = '$json.body.parts[0].key';
	const each = '$json.key';
	const ofGuard = '$("Guard").first().json.body.parts[0].key';
	const beside = (name: string) => `$("Guard").first().json.body.key + "/${name}"`;
	const commit = commitOf(choice);
	const second = {
		...guardOf(choice, "={{ $json.body.key + '/second' }}"),
		name: 'Second',
		id: 'second-guard',
	};
	const plans: Plan[] = [
		['a Guard alone', 1, [charge(one)], [['Guard', 'Charge']]],
		['a call', 1, [charge(one, {}, FULL), commit], [['Guard', 'Charge', 'Commit']]],
		[
			'both outputs to Commit',
			1,
			[charge(one, ERROR_OUTPUT), commit],
			[
				['Guard', 'Charge', 'Commit'],
				['Charge:1', 'Commit'],
			],
		],
		[
			'a split',
			2,
			[ACTS.split, charge(each, ERROR_OUTPUT), commit],
			[
				['Guard', 'Split', 'Charge', 'Commit'],
				['Charge:1', 'Commit'],
			],
		],
		[
			'a loop with Commit in it',
			3,
			[ACTS.split, ACTS.loop, charge(each), commit, ACTS.done],
			[
				['Guard', 'Split', 'Loop'],
				['Loop:1', 'Charge', 'Commit', 'Loop'],
				['Loop', 'Done'],
			],
		],
		[
			'two acts in a row',
			1,
			[charge(one, {}, FULL), call('Notify', beside('notice'), {}, FULL), commit],
			[['Guard', 'Charge', 'Notify', 'Commit']],
		],
		[
			'an alert behind the error output',
			1,
			[charge(one, ERROR_OUTPUT), call('Alert', beside('alert'), {}, FULL), commit],
			[
				['Guard', 'Charge', 'Commit'],
				['Charge:1', 'Alert', 'Commit'],
			],
		],
		[
			'Aggregate before Commit',
			2,
			[ACTS.split, charge(each, {}, FULL), ACTS.aggregate, commit],
			[['Guard', 'Split', 'Charge', 'All', 'Commit']],
		],
		[
			'Commit, then another act',
			1,
			[charge(one, {}, FULL), commit, call('After', beside('after'))],
			[['Guard', 'Charge', 'Commit', 'After']],
		],
		[
			'a branch that logs beside it',
			1,
			[charge(one, {}, FULL), commit, call('Log', beside('log'))],
			[
				['Guard', 'Charge', 'Commit'],
				['Guard', 'Log'],
			],
		],
		[
			'an If whose false branch ends',
			1,
			[ACTS.onlyPaid, charge(one, {}, FULL), commit],
			[['Guard', 'If', 'Charge', 'Commit']],
		],
		[
			'Respond to Webhook before the act',
			1,
			[ACTS.respond, charge(one, {}, FULL), commit],
			[['Guard', 'Respond', 'Charge', 'Commit']],
		],
		[
			'Execute Once',
			1,
			[charge(one, { executeOnce: true }, FULL), commit],
			[['Guard', 'Charge', 'Commit']],
		],
		[
			'a retry loop with Wait',
			1,
			[charge(ofGuard, ERROR_OUTPUT), ACTS.wait, commit],
			[
				['Guard', 'Charge', 'Commit'],
				['Charge:1', 'Wait', 'Charge'],
			],
		],
		[
			'Merge of two Guards',
			2,
			[
				second,
				ACTS.merge,
				charge('$json.body.parts[$json.idempotency.key.endsWith("/second") ? 1 : 0].key', {}, FULL),
				commit,
			],
			[
				['Guard', 'Merge', 'Charge', 'Commit'],
				['Webhook', 'Second', 'Merge@1'],
			],
		],
		[
			'one call for all, behind Aggregate',
			1,
			[ACTS.aggregate, charge('$json.data[0].body.parts[0].key', {}, FULL), commit],
			[['Guard', 'All', 'Charge', 'Commit']],
		],
		[
			'a sub-workflow that acts',
			1,
			[ACTS.callWorkflow(called), commit],
			[['Guard', 'Call', 'Commit']],
		],
		[
			'a lookup by GET before the act',
			1,
			[ACTS.lookUp(url), charge(ofGuard), commit],
			[['Guard', 'Look Up', 'Charge', 'Commit']],
		],
		[
			'Code before the act',
			1,
			[ACTS.code, charge(one), commit],
			[['Guard', 'Code', 'Charge', 'Commit']],
		],
	];
	return plans.map(([name, parts, acting, connections], i) => {
		const path = `shape-${i}-${choice.store}`;
		const answers = acting.some(({ type }) => type.endsWith('.respondToWebhook'));
		const [first = [], ...others] = connections;
		return {
			name,
			parts,
			repeats: acting.includes(ACTS.wait),
			json: workflow({
				name: path,
				nodes: [webhook(path, answers ? 'responseNode' : 'onReceived'), guardOf(choice), ...acting],
				connections: [['Webhook', ...first], ...others],
			}),
		};
	});
}
