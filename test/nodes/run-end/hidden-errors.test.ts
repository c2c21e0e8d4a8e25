import type { INode } from 'n8n-workflow';
import { commit, guard, node } from '../../support/engine';
import { ownNodes } from '../../support/engine/own-nodes';
import { engine } from '../../workflows/nodes';
import { newKey } from '../../workflows/scenario';
import { deliveries, noOp, recordOf, shape } from './shapes';
import { charge, CONTINUE, ERROR_OUTPUT, once } from './two-services';

/** Nodes of n8n whose items do not show that they failed. Each call fails here: nothing authenticates it, as with a revoked token. */

const HIDING: Array<[string, (settings: object) => INode]> = [
	[
		'Google Workspace Admin',
		(settings) =>
			node(
				'Act',
				'n8n-nodes-base.gSuiteAdmin',
				{
					resource: 'group',
					operation: 'delete',
					groupId: { __rl: true, mode: 'groupId', value: '0123kx3o1habcdf' },
				},
				{ ...settings, credentials: { gSuiteAdminOAuth2Api: { id: null, name: 'Google' } } },
			),
	],
	[
		'Beeminder',
		(settings) =>
			node(
				'Act',
				'n8n-nodes-base.beeminder',
				{
					authentication: 'apiToken',
					resource: 'charge',
					operation: 'create',
					amount: 10,
					additionalFields: {},
				},
				{ ...settings, credentials: { beeminderApi: { id: null, name: 'Beeminder' } } },
			),
	],
];

test.each(
	HIDING.flatMap(([name, act]) =>
		[CONTINUE, ERROR_OUTPUT].flatMap((settings) =>
			[commit('End'), noOp('End')].map((end) => [name, settings, end.type, act, end] as const),
		),
	),
)('%s under %j before %s: not handled', async (_, settings, __, act, end) => {
	const json = shape([guard('Guard'), act(settings), end], [['Webhook', 'Guard', 'Act', 'End']]);
	const n8n = engine({
		nodes: ownNodes('beeminder', 'gSuiteAdmin', 'noOp'),
		credentials: {
			beeminderApi: { user: 'me', authToken: 'revoked' },
			gSuiteAdminOAuth2Api: { oauthTokenData: { access_token: 'revoked' } },
		},
	});
	const result = await n8n.run(json, { triggerItems: deliveries(newKey()) });
	expect(await recordOf(result)).toMatchObject({ state: 'unknown' });
});

test.each([[[]], [0]])(
	'an answer that says that there was no error, by %j: handled',
	async (error) => {
		for (const end of [commit('End'), noOp('End')]) {
			const { record } = await once(
				[guard('Guard'), charge(), end],
				[['Webhook', 'Guard', 'Charge', 'End']],
				[{ body: { error, result: { txid: ['O1'] } } }],
			);
			expect(record).toMatchObject({ state: 'completed' });
		}
	},
);
