import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';

import { stores } from '../../nodes/shared/stores';
import { DoorServer, javascript, node, records, workflow } from '../support/engine';
import { PostgresServer } from '../support/postgres-server';
import { RedisServer } from '../support/redis-server';
import { until } from '../support/until';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey } from './scenario';

/** Two stores on one server, told apart by their prefix: what one of them granted means nothing to the other. */

let redis: RedisServer;
let postgres: PostgresServer;
beforeAll(async () => {
	[redis, postgres] = await Promise.all([RedisServer.start(), PostgresServer.start()]);
});
afterAll(async () => {
	// First: what a store still has to write would be tried again when jest has left the test.
	await stores.close();
	await Promise.all([redis.stop(), postgres.stop()]);
});

type Credential = Record<string, string | number | boolean>;

const STORES = {
	redis: {
		type: 'idempotencyRedisApi',
		at: (prefix: string): Credential => ({
			deployment: 'standalone',
			host: '127.0.0.1',
			port: redis.port,
			keyPrefix: prefix,
		}),
	},
	postgres: {
		type: 'idempotencyPostgresApi',
		at: (prefix: string): Credential => ({ ...postgres.options, prefix: `${prefix}_` }),
	},
};

describe.each(['redis', 'postgres'] as const)('%s', (store) => {
	const { type, at } = STORES[store];
	/** The door keeps what it opened by a credential's ID for a moment: each test has one of its own. */
	let credential: Credential;
	let settings: { credentials: INode['credentials'] };
	beforeEach(() => {
		credential = at('one');
		settings = { credentials: { [type]: { id: newKey(), name: store } } };
	});
	const run = async (prefix: string, ...given: Parameters<ReturnType<typeof engine>['run']>) =>
		await engine({ credentials: { [type]: at(prefix) } }).run(...given);

	/** A claim whose run stopped in the middle: nobody knows what it did. */
	async function unknownIn(prefix: string, key: string): Promise<IDataObject> {
		const stops = javascript('Act', () => {
			throw new Error('stops here');
		});
		const json = chargeWorkflow('', {
			act: [stops],
			guard: { store },
			commit: { store },
			guardSettings: settings,
			commitSettings: settings,
		});
		const result = await run(prefix, json, { triggerItems: [delivery(key)] });
		return { ...detailsOf(result, 'Guard'), executionId: result.executionId };
	}

	async function mend(prefix: string, parameters: INode['parameters']) {
		const node = records('Records', { store, workflows: 'all', ...parameters }, settings);
		return await run(prefix, workflow({ id: 'mending', nodes: [node] }));
	}

	async function stateIn(prefix: string, hash: unknown): Promise<unknown> {
		const found = await mend(prefix, { operation: 'get', findBy: 'hash', hash: String(hash) });
		return found.json('Records')[0]?.state;
	}

	describe('Idempotency Records of another store', () => {
		const release = { operation: 'release', findBy: 'hash' };

		test('does not find the claim, by its hash or by its execution', async () => {
			const { hash, executionId } = await unknownIn('one', newKey());
			const byHash = await mend('two', { ...release, hash: String(hash) });
			expect(byHash.error?.message).toBe(`There is no record with the hash ${String(hash)}`);
			const byExecution = {
				...release,
				findBy: 'execution',
				executionId: String(executionId),
				workflowId: 'workflow-1',
			};
			expect((await mend('two', byExecution)).json('Records')).toEqual([]);
			expect(await stateIn('one', hash)).toBe('unknown');
			expect((await mend('one', byExecution)).json('Records')).toMatchObject([
				{ hash, state: 'released' },
			]);
		});

		test('refuses the fence that was seen there, where it has the same key itself', async () => {
			const key = newKey();
			const [one, two] = [await unknownIn('one', key), await unknownIn('two', key)];
			expect(one.hash).toBe(two.hash);
			const seen = { ...release, hash: String(one.hash), options: { fence: String(one.fence) } };
			const refused = await mend('two', seen);
			expect(refused.error?.message).toMatch(/changed since it was seen/);
			expect(await stateIn('two', one.hash)).toBe('unknown');
			await mend('one', seen);
			expect(await stateIn('one', one.hash)).toBe('released');
		});
	});

	test('a run behind Idempotent Webhook refuses the claim of another store, and the next delivery acts', async () => {
		let acts = 0;
		const act = javascript('Act', (items) => {
			acts++;
			return items;
		});
		const n8n = engine({ credentials: { [type]: credential } });
		const doorWith = async (options: INodeParameters) => {
			const parameters = { store, path: 'orders', responseMode: 'onReceived', options };
			const door = node('Door', 'n8n-nodes-idempotency.idempotentWebhook', parameters, {
				...settings,
				typeVersion: 2,
				webhookId: 'door',
			});
			return await DoorServer.start(n8n, workflow({ nodes: [door, act] }));
		};
		const first = await doorWith({ claimTimeoutMinutes: 0.002 });
		// It is the same one; its claim lasts, so that a busy machine can't lose it as well.
		const second = await doorWith({});
		const key = newKey();
		const send = async ({ url }: DoorServer) =>
			await fetch(url, {
				method: 'POST',
				headers: { 'content-type': 'application/json', 'idempotency-key': key },
				body: '{}',
			});
		try {
			// As a worker sees it whose n8n had the credential changed while the request waited in the queue.
			first.beforeExecution = async () =>
				void (await Promise.resolve(Object.assign(credential, at('two'))));
			expect((await send(first)).status).toBe(202);
			await until('it ended', async () => await Promise.resolve(first.executions.length === 1));
			expect(first.executions[0]?.error?.message).toBe(
				'The claim token of this request is not from this store',
			);
			expect(acts).toBe(0);
			const listed = await mend('two', { operation: 'list' });
			expect(listed.error?.message).toBeUndefined();
			expect(listed.json('Records').filter((each) => each.key === key)).toEqual([]);

			Object.assign(credential, at('one'));
			await until('it is free again', async () => (await send(second)).status === 202);
			await until('it ended', async () => await Promise.resolve(second.executions.length === 1));
			expect([second.executions[0]?.error?.message, acts]).toEqual([undefined, 1]);
		} finally {
			await Promise.all([first.stop(), second.stop()]);
		}
	});
});
