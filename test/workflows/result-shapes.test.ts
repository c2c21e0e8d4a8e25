import { randomBytes } from 'node:crypto';
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { RedisServer } from '../support/redis-server';
import { aggregate, commit, guard, javascript, noOp, webhook, workflow } from '../support/engine';
import { engineOn, onRedis, recordsIn } from './on-redis';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** What a result may be, and how many bytes of it are kept: read from Redis itself. */

let server: RedisServer;
beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());
beforeEach(async () => {
	await server.ask(async (client) => await client.flushall());
});

const SECRET = { secret: 'of the credential' };
/** What a secret adds: key id, nonce and tag. */
const SEALING = 4 + 12 + 16;
const CODEC = 1;

/** The only record's result as it is kept. */
async function kept(): Promise<Buffer> {
	const [name = ''] = await recordsIn(server);
	return await server.ask(async (client) => {
		const fields = await client.hgetallBuffer(name);
		const parts = Object.keys(fields)
			.filter((field) => /^v\d*$/.test(field))
			.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
		return Buffer.concat(parts.map((field) => fields[field] ?? Buffer.alloc(0)));
	});
}

async function twice(
	answer: INodeExecutionData[],
	parts: ChargeParts = {},
	credential: Record<string, string> = {},
) {
	const act = javascript('Act', () => answer.map((item) => ({ ...item, pairedItem: 0 })));
	const json = chargeWorkflow('', onRedis({ ...parts, act: [act] }));
	const n8n = engineOn(server, credential);
	const triggerItems = [delivery(newKey())];
	const first = await n8n.run(json, { triggerItems });
	expect(first.error?.message).toBeUndefined();
	const second = await n8n.run(json, { triggerItems });
	return { first, second, bytes: await kept() };
}
const one = (json: IDataObject): INodeExecutionData[] => [{ json }];
const textOf = (items: INodeExecutionData[]) => JSON.stringify(items.map(({ json }) => ({ json })));

describe('size', () => {
	/** Items whose JSON text has exactly this length. */
	const ofLength = (length: number, letter = 'a') => {
		const empty = textOf(one({ text: '' })).length;
		return one({ text: letter.repeat(length - empty) });
	};

	test('below 1 KiB as it is, from 1 KiB compressed', async () => {
		const short = await twice(ofLength(1_023));
		expect(short.bytes[0]).toBe(0x01);
		expect(short.bytes).toHaveLength(CODEC + 1_023);
		expect(short.second.json('Duplicate')).toEqual(ofLength(1_023).map(({ json }) => json));
		await server.ask(async (client) => await client.flushall());
		const long = await twice(ofLength(1_024));
		expect(long.bytes[0]).toBe(0x02);
		expect(long.bytes.length).toBeLessThan(64);
		expect(long.second.json('Duplicate')).toEqual(ofLength(1_024).map(({ json }) => json));
	});

	test('an answer of 100 KB as services give them takes a tenth', async () => {
		const rows = Array.from({ length: 1_000 }, (_, n) => ({
			id: `ch_${n}`,
			amount: n * 7,
			currency: 'EUR',
			status: 'succeeded',
			customer: { email: `customer${n}@example.com`, country: 'DE' },
		}));
		const { bytes } = await twice(one({ rows }));
		const text = textOf(one({ rows })).length;
		expect(text).toBeGreaterThan(100_000);
		expect(bytes.length).toBeLessThan(text / 10);
	});

	test.each([200, 5_000])('a secret adds 32 bytes to %p', async (length) => {
		const plain = await twice(ofLength(length));
		await server.ask(async (client) => await client.flushall());
		const sealed = await twice(ofLength(length), {}, SECRET);
		expect(sealed.bytes.length).toBe(plain.bytes.length + SEALING);
		expect(sealed.bytes[0]).toBe((plain.bytes[0] ?? 0) | 0x10);
		expect(sealed.bytes.includes('aaaa')).toBe(false);
		expect(plain.bytes.includes('aaaa')).toBe(length < 1_024);
	});

	test.each([[{}], [SECRET]])(
		'over the limit one byte is kept, which says so, and is sealed where there is a secret (%p)',
		async (credential) => {
			const noise = one({ text: randomBytes(3_000).toString('base64') });
			const limit = { commit: { options: { maxResultKB: 2 } } };
			const { first, second, bytes } = await twice(noise, limit, credential);
			if (credential === SECRET) {
				expect([bytes[0], bytes.length]).toEqual([0x31, CODEC + SEALING]);
			} else {
				expect([...bytes]).toEqual([0x21]);
			}
			expect(first.hints('Commit')[0]?.message).toMatch(/larger than the limit of 2 KB/);
			expect(routed(second)).toEqual([0, 1, 0, 0]);
			expect(detailsOf(second, 'Duplicate')).toMatchObject({ state: 'completed', resultItems: 0 });
		},
	);

	test('exactly at the limit it is kept, a byte more and it is not', async () => {
		const limit = { commit: { options: { maxResultKB: 0.5 } } };
		const fits = await twice(ofLength(512 - CODEC), limit);
		expect(fits.bytes).toHaveLength(512);
		await server.ask(async (client) => await client.flushall());
		expect((await twice(ofLength(512), limit)).bytes).toHaveLength(1);
		await server.ask(async (client) => await client.flushall());
		const sealed = await twice(ofLength(512 - CODEC), limit, SECRET);
		expect(sealed.bytes).toHaveLength(CODEC + SEALING);
	});

	test('redacted before it is measured', async () => {
		const limit = { commit: { options: { maxResultKB: 0.1, redactFields: 'Iban' } } };
		const iban = randomBytes(500).toString('hex');
		const { second, bytes } = await twice(
			one({ id: 1, deep: [{ IBAN: iban, cookie: iban }] }),
			limit,
		);
		expect(bytes.toString()).toBe('\u0001[{"json":{"id":1,"deep":[{}]}}]');
		expect(second.json('Duplicate')).toEqual([{ id: 1, deep: [{}] }]);
	});
});

describe.each([
	['without a secret', {}],
	['with a secret', SECRET],
])('shape, %s', (_name, credential) => {
	test('several items come back in their order', async () => {
		const items = [3, 1, 2, 0].map((n) => ({ json: { n } }));
		const { second } = await twice(items, {}, credential);
		expect(second.json('Duplicate')).toEqual([{ n: 3 }, { n: 1 }, { n: 2 }, { n: 0 }]);
		expect(second.items('Guard', 1).map(({ pairedItem }) => pairedItem)).toEqual(
			items.map(() => expect.objectContaining({ item: 0 })),
		);
	});

	test.each([{}, { a: null }, { a: '' }, { a: 0 }, { a: false }, { a: [] }, { a: -0.5 }])(
		'%j comes back as it was',
		async (json) => {
			expect((await twice(one(json), {}, credential)).second.json('Duplicate')).toEqual([json]);
		},
	);

	test('none: the run counts as completed, and a duplicate gets its own item, which says so', async () => {
		const { first, second } = await twice([], {}, credential);
		expect(first.tasks('Commit')).toEqual([]);
		expect(routed(second)).toEqual([0, 1, 0, 0]);
		expect(second.json('Duplicate')[0]).toHaveProperty('body');
		expect(detailsOf(second, 'Duplicate')).toMatchObject({
			state: 'completed',
			resultItems: 0,
			message: expect.stringMatching(
				/^This request was handled before: it was completed at .* Its result is empty\.$/,
			),
		});
	});

	test('one item for several claims: each gets it, and each alone', async () => {
		const store = { store: 'redis', options: {} };
		const credentials = { idempotencyRedisApi: { id: '1', name: 'Redis' } };
		const json = workflow({
			nodes: [
				webhook(),
				guard('Guard', store, { credentials }),
				aggregate('Bulk'),
				javascript('Act', () => [{ json: { bulk: 'done' }, pairedItem: { item: 0 } }]),
				commit('Commit', store, { credentials }),
				noOp('Duplicate'),
			],
			connections: [
				['Webhook', 'Guard', 'Bulk', 'Act', 'Commit'],
				['Guard:1', 'Duplicate'],
			],
		});
		const n8n = engineOn(server, credential);
		const keys = [newKey(), newKey(), newKey()];
		const first = await n8n.run(json, { triggerItems: keys.map((key) => delivery(key)) });
		expect(first.counts('Commit')).toEqual([1, 0]);
		expect(await recordsIn(server)).toHaveLength(3);
		for (const key of keys) {
			const again = await n8n.run(json, { triggerItems: [delivery(key)] });
			expect(again.json('Duplicate')).toEqual([{ bulk: 'done' }]);
		}
	});
});
