import type { INode } from 'n8n-workflow';
import { startDownstream } from '../../support/engine';
import type { Answer, Downstream } from '../../support/engine';
import { newKey } from '../../workflows/scenario';
import { deliveries, http, recordOf, run, shape } from './shapes';

/** What the tests of several acts share: a service that charges, another that is told of it, and one run for a new key. */

export let downstream: Downstream;
export let alerts: Downstream;
beforeAll(async () => {
	[downstream, alerts] = await Promise.all([startDownstream(), startDownstream()]);
});
afterAll(async () => await Promise.all([downstream.close(), alerts.close()]));

export const ERROR_OUTPUT = { onError: 'continueErrorOutput' } as const;
export const CONTINUE = { onError: 'continueRegularOutput' } as const;

export const charge = (more: object = {}, settings = {}) =>
	http('Charge', { url: downstream.url, ...more }, settings);
export const notify = (more: object = {}, settings = {}) =>
	http('Notify', { url: alerts.url, body: '={{ { done: true } }}', ...more }, settings);

/** Runs the workflow for one new key. */
export async function once(
	nodes: INode[],
	connections: string[][],
	charged: Answer[] = [],
	notified: Answer[] = [],
) {
	const key = newKey();
	downstream.nextFor(key, ...charged);
	alerts.next(...notified);
	const json = shape(nodes, connections);
	const result = await run(json, deliveries(key));
	return { key, json, result, record: await recordOf(result) };
}
