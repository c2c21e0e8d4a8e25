import type { INode } from 'n8n-workflow';
import { commit, guard, node } from '../../support/engine';
import type { NodeSettings } from '../../support/engine';
import { ownNodes } from '../../support/engine/own-nodes';
import { engine } from '../../workflows/nodes';
import { delivery, newKey } from '../../workflows/scenario';
import { loop, noOp, recordOf, run, shape, splitOut } from './shapes';
import { alerts, charge, CONTINUE, downstream, ERROR_OUTPUT, notify, once } from './two-services';

/** What is known of a request without links from item to item. */

describe('a node that links no error to the item that it is about', () => {
	/** Some forty of n8n's nodes do so under Continue. Each of its calls is refused. */
	const jenkins = (settings: NodeSettings): INode =>
		node(
			'Build',
			'n8n-nodes-base.jenkins',
			{ resource: 'job', operation: 'trigger', job: 'missing' },
			{ ...settings, credentials: { jenkinsApi: { id: null, name: 'Jenkins' } } },
		);
	const n8n = () =>
		engine({
			nodes: ownNodes('jenkins', 'noOp', 'splitOut'),
			credentials: { jenkinsApi: { username: 'u', apiKey: 'k', baseUrl: alerts.url } },
		});
	const lines = [1, 2, 3];

	test.each(
		[commit('End'), noOp('End')].flatMap((end) =>
			[CONTINUE, ERROR_OUTPUT].map((settings) => [end.type, settings.onError, end] as const),
		),
	)(
		'failed for all parts of a request, before %s, under %s: not handled',
		async (_, onError, end) => {
			alerts.next(...lines.map(() => ({ status: 500 })));
			const json = shape(
				[guard('Guard'), splitOut('Split', 'body.lines'), jenkins({ onError }), noOp('Tell'), end],
				[
					['Webhook', 'Guard', 'Split', 'Build', 'End'],
					['Build:1', 'Tell'],
				],
			);
			const result = await n8n().run(json, { triggerItems: [delivery(newKey(), { lines })] });
			expect(result.counts('Build').reduce((sum, count) => sum + count)).toBe(lines.length);
			expect(await recordOf(result)).toMatchObject({ state: 'unknown' });
		},
	);

	test('succeeded for all parts of a request: handled', async () => {
		const json = shape(
			[guard('Guard'), splitOut('Split', 'body.lines'), jenkins(ERROR_OUTPUT), commit('Commit')],
			[['Webhook', 'Guard', 'Split', 'Build', 'Commit']],
		);
		const result = await n8n().run(json, { triggerItems: [delivery(newKey(), { lines })] });
		expect(await recordOf(result)).toMatchObject({ state: 'completed' });
	});
});

describe('a request that Commit would give back', () => {
	const refused = [{ status: 429, headers: { 'retry-after': '0' } }];

	test.each(['hold', 'release'])(
		'while another branch is still to act for it, and a lost answer is to %s: unknown, whichever comes first',
		async (unknownResponses) => {
			const end = commit('Commit', { options: { unknownResponses } });
			const nodes = [guard('Guard'), charge({ full: true }), end, notify()];
			for (const connections of [
				[
					['Webhook', 'Guard', 'Charge', 'Commit'],
					['Guard', 'Notify'],
				],
				[
					['Webhook', 'Guard', 'Notify'],
					['Guard', 'Charge', 'Commit'],
				],
			]) {
				const before = alerts.requests.length;
				const { record } = await once(nodes, connections, refused);
				expect(record).toMatchObject({ state: 'unknown' });
				expect(alerts.requests.length).toBe(before + 1);
			}
		},
	);

	test.each([true, false])(
		'in a loop, which tells somebody when it is done: %s: given back',
		async (tells) => {
			const key = newKey();
			downstream.nextFor(key, ...refused, ...refused);
			const body = `={{ { key: '${key}' } }}`;
			const done = tells ? notify() : noOp('Notify');
			const json = shape(
				[
					guard('Guard'),
					splitOut('Split', 'body.lines'),
					loop('Loop'),
					done,
					charge({ full: true, body }),
					commit('Commit'),
				],
				[
					['Webhook', 'Guard', 'Split', 'Loop', 'Notify'],
					['Loop:1', 'Charge', 'Commit', 'Loop'],
				],
			);
			const result = await run(json, [delivery(key, { lines: [{ a: 1 }, { a: 2 }] })]);
			expect(await recordOf(result)).toMatchObject({ state: 'released' });
		},
	);

	test('before an alert that follows Commit: given back', async () => {
		const { record } = await once(
			[guard('Guard'), charge({}, CONTINUE), commit('Commit'), notify()],
			[['Webhook', 'Guard', 'Charge', 'Commit', 'Notify']],
			refused,
		);
		expect(record).toMatchObject({ state: 'released' });
	});
});

test('with the option "Claim" the answer of the service counts, and not what a sender wrote into the request', async () => {
	const claim = "={{ $('Guard').first().json.idempotency.token }}";
	const merged = node(
		'Fields',
		'n8n-nodes-base.set',
		{ mode: 'raw', jsonOutput: "={{ { ...$('Webhook').first().json.body, charged: $json } }}" },
		{ typeVersion: 3.4 },
	);
	const key = newKey();
	const json = shape(
		[guard('Guard'), charge(), merged, commit('Commit', { options: { claim } })],
		[['Webhook', 'Guard', 'Charge', 'Fields', 'Commit']],
	);
	const error = { status: 429, headers: { 'retry-after': '0' } };
	const n8n = engine({ nodes: ownNodes('httpRequest', 'set') });
	const result = await n8n.run(json, { triggerItems: [delivery(key, { error })] });
	expect(result.json('Commit')[0]).toMatchObject({ error });
	expect(await recordOf(result)).toMatchObject({ state: 'completed' });
	expect(downstream.effects(key)).toBe(1);
});
