import type { INode } from 'n8n-workflow';
import { commit, guard, javascript, node, startDownstream, workflow } from '../../support/engine';
import type { Downstream, NodeSettings } from '../../support/engine';
import { PostgresServer } from '../../support/postgres-server';
import { SmtpServer } from '../../support/smtp-server';
import { newKey } from '../../workflows/scenario';
import {
	calledWorkflow,
	callOf,
	deliveries,
	http,
	own,
	recordOf,
	recordsOf,
	shape,
} from './shapes';

/** What other acting nodes of n8n's own say of their act: Send Email, Postgres, Execute Sub-workflow, each with a real service. */

// n8n's Postgres looks after its connections by an interval that it never ends, and that would keep this process alive.
const every = setInterval;
jest.spyOn(globalThis, 'setInterval').mockImplementation((act, ms) => every(act, ms).unref());

let downstream: Downstream;
let smtp: SmtpServer;
let postgres: PostgresServer;
beforeAll(async () => {
	[downstream, smtp, postgres] = await Promise.all([
		startDownstream(),
		SmtpServer.start(),
		PostgresServer.start(),
	]);
	await postgres.ask('CREATE TABLE charges (key text NOT NULL, amount int CHECK (amount > 0))');
});
afterAll(async () => {
	await Promise.all([downstream.close(), smtp.close(), postgres.stop()]);
});

const CONTINUE = { onError: 'continueRegularOutput' } as const;
const ERROR_OUTPUT = { onError: 'continueErrorOutput' } as const;
const STOP = {} as const;
const ALL = [
	['Stop Workflow', STOP],
	['Continue', CONTINUE],
	['error output', ERROR_OUTPUT],
] as const;

/** Guard → the acting nodes → Commit; with an error output, both lead to Commit. */
async function acted(
	acting: INode[],
	keys: string[],
	subWorkflows = [] as Array<ReturnType<typeof workflow>>,
) {
	const last = acting.at(-1);
	const chain = ['Webhook', 'Guard', ...acting.map(({ name }) => name), 'Commit'];
	const both = last?.onError === 'continueErrorOutput' ? [[`${last.name}:1`, 'Commit']] : [];
	const json = shape([guard('Guard'), ...acting, commit('Commit')], [chain, ...both]);
	const n8n = own({
		subWorkflows,
		firstExecutionId: 9_000,
		credentials: {
			smtp: smtp.credential,
			postgres: { ...postgres.options, ssl: 'disable', sshTunnel: false, maxConnections: 5 },
		},
	});
	const run = async () => await n8n.run(json, { triggerItems: deliveries(...keys) });
	return { run, result: await run() };
}

describe('Send Email', () => {
	const mail = (settings: NodeSettings = {}, toEmail = 'a@example.com, b@example.com') =>
		node(
			'Mail',
			'n8n-nodes-base.emailSend',
			{
				resource: 'email',
				operation: 'send',
				fromEmail: 'shop@example.com',
				toEmail,
				subject: 'Your order',
				emailFormat: 'text',
				text: '={{ $json.body.key }}',
				options: { appendAttribution: false },
			},
			{ typeVersion: 2.1, credentials: { smtp: { id: 'smtp', name: 'SMTP' } }, ...settings },
		);

	test('taken: completed, and its answer is replayed', async () => {
		const key = newKey();
		const { result, run } = await acted([mail()], [key]);
		expect(await recordOf(result)).toMatchObject({ state: 'completed' });
		expect((await run()).json('Guard', 1)).toEqual(result.json('Mail'));
		expect(smtp.taken(key)).toBe(1);
	});

	test('taken for one of two: completed, as the server said', async () => {
		const key = newKey();
		smtp.next({ refuses: /b@/ });
		const { result } = await acted([mail()], [key]);
		expect(result.json('Mail')[0]).toMatchObject({ rejected: ['b@example.com'] });
		expect(await recordOf(result)).toMatchObject({ state: 'completed' });
		expect(smtp.taken(key)).toBe(1);
	});

	test.each(ALL)('refused, or taken with a lost answer, %s: unknown', async (_, settings) => {
		for (const plan of [{ refuses: /@/ }, { answer: 421 }, { answer: 554 }, { cut: true }]) {
			const key = newKey();
			smtp.next(plan);
			const { result } = await acted([mail(settings)], [key]);
			expect(await recordOf(result)).toMatchObject({ state: 'unknown' });
			expect(smtp.taken(key)).toBe(plan.cut ? 1 : 0);
		}
	});

	test('the second of a batch is refused: nobody says more of the first than that', async () => {
		const keys = [newKey(), newKey()];
		smtp.next({}, { answer: 554 });
		const { result } = await acted([mail(CONTINUE)], keys);
		const states = (await recordsOf(result)).map(({ state }) => state);
		expect(states).toEqual(['completed', 'unknown']);
	});
});

describe('Postgres', () => {
	const sql = (name: string, query: string, settings: NodeSettings = {}, options = {}) =>
		node(
			name,
			'n8n-nodes-base.postgres',
			{ resource: 'database', operation: 'executeQuery', query, options },
			{ typeVersion: 2.6, credentials: { postgres: { id: 'postgres', name: 'P' } }, ...settings },
		);
	const insert = (amount: string, settings: NodeSettings = {}, options = {}) =>
		sql(
			'Insert',
			`INSERT INTO charges VALUES ('{{ $json.body.key }}', ${amount}) RETURNING *`,
			settings,
			options,
		);
	const rows = async (key: string) =>
		(await postgres.ask('SELECT 1 FROM charges WHERE key = $1', [key])).length;

	test('inserted: completed, and the row is replayed', async () => {
		const key = newKey();
		const { result, run } = await acted([insert('5')], [key]);
		expect(result.error?.message).toBeUndefined();
		expect(await recordOf(result)).toMatchObject({ state: 'completed' });
		expect((await run()).json('Guard', 1)).toEqual([{ key, amount: 5 }]);
		expect(await rows(key)).toBe(1);
	});

	test.each(ALL)('refused by the database, %s: unknown', async (_, settings) => {
		const key = newKey();
		const { result } = await acted([insert('-1', settings)], [key]);
		expect(await recordOf(result)).toMatchObject({ state: 'unknown' });
		expect(await rows(key)).toBe(0);
	});

	test('one of a batch is refused, each by itself: the others are known to be done', async () => {
		const keys = [newKey(), newKey()];
		const amount = `{{ $json.body.key === '${keys[1]}' ? -1 : 1 }}`;
		const { result } = await acted(
			[insert(amount, CONTINUE, { queryBatching: 'independently' })],
			keys,
		);
		const states = (await recordsOf(result)).map(({ state }) => state);
		expect(states).toEqual(['completed', 'unknown']);
		expect(await Promise.all(keys.map(rows))).toEqual([1, 0]);
	});

	test('an older version, which hides under Continue that it failed: unknown', async () => {
		const key = newKey();
		const { parameters, ...rest } = insert('-1', CONTINUE);
		const older = {
			...rest,
			typeVersion: 1,
			parameters: { ...parameters, additionalFields: { mode: 'independently' } },
		};
		const { result } = await acted([older], [key]);
		expect(result.status).toBe('success');
		expect(result.json('Insert')[0]).not.toHaveProperty('error');
		expect(await recordOf(result)).toMatchObject({ state: 'unknown' });
		expect(await rows(key)).toBe(0);
	});

	test('Select before the act touches nothing: the refusal of the act is plain', async () => {
		const key = newKey();
		const select = {
			...sql('Look Up', ''),
			parameters: {
				resource: 'database',
				operation: 'select',
				schema: { __rl: true, mode: 'name', value: 'pg_catalog' },
				table: { __rl: true, mode: 'name', value: 'pg_am' },
				limit: 1,
				options: {},
			},
		};
		downstream.nextFor(key, { status: 429 });
		const charge = http('Charge', {
			url: downstream.url,
			body: '={{ $("Guard").item.json.body }}',
		});
		const { result } = await acted([select, charge], [key]);
		expect(result.lastNode).toBe('Charge');
		expect(await recordOf(result)).toMatchObject({ state: 'released' });
	});
});

describe('Execute Sub-workflow', () => {
	const charge = () => http('Charge', { url: downstream.url });

	test('its act went well: completed, and its answer is replayed', async () => {
		const key = newKey();
		const { result, run } = await acted([callOf()], [key], [calledWorkflow([charge()])]);
		expect(result.error?.message).toBeUndefined();
		expect(await recordOf(result)).toMatchObject({ state: 'completed' });
		expect((await run()).json('Guard', 1)).toEqual(result.json('Call'));
		expect(downstream.effects(key)).toBe(1);
	});

	test.each(ALL)(
		'its act was refused, %s: unknown, since it may do several',
		async (_, settings) => {
			const key = newKey();
			downstream.nextFor(key, { status: 429 });
			const { result } = await acted(
				[callOf('once', settings)],
				[key],
				[calledWorkflow([charge()])],
			);
			expect(await recordOf(result)).toMatchObject({ state: 'unknown' });
			expect(downstream.requests.filter((request) => request.key === key)).toHaveLength(1);
		},
	);

	test('called for each item, and one fails: the others are known', async () => {
		const keys = [newKey(), newKey()];
		downstream.nextFor(keys[0] ?? '', { status: 500 });
		const { result } = await acted([callOf('each', CONTINUE)], keys, [calledWorkflow([charge()])]);
		const states = (await recordsOf(result)).map(({ state }) => state);
		expect(states).toEqual(['unknown', 'completed']);
	});

	test('it gives nothing back: completed, with an empty result', async () => {
		const nothing = javascript('Nothing', () => []);
		const { result } = await acted([callOf()], [newKey()], [calledWorkflow([charge(), nothing])]);
		expect(result.tasks('Commit')).toEqual([]);
		expect(await recordOf(result)).toMatchObject({ state: 'completed' });
	});
});
