import type { INode, INodeExecutionData } from 'n8n-workflow';
import { RedisServer } from '../support/redis-server';
import { engineOn, onRedis } from './on-redis';
import { chargeWorkflow, delivery, newKey } from './scenario';
import { downstream, mending } from './records-harness';

/** Idempotency Records on Redis, with a secret. */

describe('on Redis, with a secret', () => {
	let server: RedisServer;
	beforeAll(async () => {
		server = await RedisServer.start();
	});
	afterAll(async () => await server.stop());
	const settings = { credentials: { idempotencyRedisApi: { id: '1', name: 'Redis' } } };
	const onServer = (
		credential: Record<string, string>,
		parameters: INode['parameters'],
		items: INodeExecutionData[],
	) =>
		engineOn(server, credential).run(mending({ store: 'redis', ...parameters }, settings), {
			triggerItems: items,
		});

	test('finds keys made before the secret was changed, shows results, resolves sealed', async () => {
		const [old, now] = [
			{ secret: 'the first of three' },
			{ secret: 'the second of three', previousSecret: 'the first of three' },
		];
		const [key, held] = [newKey(), newKey()];
		const json = chargeWorkflow(downstream.url, onRedis({}));
		downstream.nextFor(held, { status: 500 });
		downstream.nextFor(key, { body: { mark: 'SEALED' } });
		for (const each of [key, held]) {
			await engineOn(server, old).run(json, { triggerItems: [delivery(each)] });
		}
		const byKey = {
			findBy: 'key',
			guardWorkflowId: 'workflow-1',
			guardNode: json.nodes.find(({ name }) => name === 'Guard')?.id,
		};
		const get = { operation: 'get', ...byKey, options: { includeResult: true } };
		const found = await onServer(now, get, [delivery(key), delivery(held)]);
		expect(found.error?.message).toBeUndefined();
		expect(found.json('Records')).toMatchObject([
			{
				found: true,
				key: '',
				state: 'completed',
				result: [{ json: { body: { mark: 'SEALED' } } }],
			},
			{ found: true, key: '', state: 'unknown', result: null },
		]);
		const resolve = {
			operation: 'resolve',
			...byKey,
			resolveResult: 'json',
			resolveJson: '{ "mark": "FOUND-OUT" }',
		};
		const resolved = await onServer(now, resolve, [delivery(held)]);
		expect(resolved.error?.message).toBeUndefined();
		const replayed = await engineOn(server, now).run(json, { triggerItems: [delivery(held)] });
		expect(replayed.json('Duplicate')).toEqual([{ mark: 'FOUND-OUT' }]);
		const lost = await onServer({ secret: 'the third of three' }, get, [delivery(key)]);
		expect(lost.error?.message).toMatch(/records of another secret/);
	});

	test('says in Stats and in the report what the test of the credential finds', async () => {
		// That of the records which are there.
		const credential = {
			secret: 'the second of three',
			previousSecret: 'the first of three',
		};
		const stats = { operation: 'stats', statsOutput: 'store' };
		const found = (await onServer(credential, stats, [{ json: {} }])).json('Records');
		const byTopic = new Map(found.map((each) => [each.topic, each]));
		expect(byTopic.get('server')?.value).toMatch(/^(Redis|Valkey) \d+\./);
		expect(byTopic.get('eviction')).toMatchObject({ value: 'noeviction', level: 'good' });
		expect(byTopic.get('persistence')?.meaning).toMatch(/restart|crash/);
		expect(byTopic.get('latency')?.value).toMatch(/ ms$/);
		const report = await onServer(credential, { operation: 'report' }, [{ json: {} }]);
		const [, store = ''] = String(report.json('Records')[0]?.html).split('<h2>The store</h2>');
		expect(store).toContain('<td>noeviction</td>');
		expect(store).toContain(String(byTopic.get('persistence')?.meaning));
	});

	test('that is down is an error that says what to do', async () => {
		const result = await engineOn(server, { port: 1 } as never).run(
			mending({ store: 'redis', operation: 'stats' }, settings),
			{ triggerItems: [{ json: {} }] },
		);
		expect(result.error?.message).toMatch(/127\.0\.0\.1:1/);
	});
});
