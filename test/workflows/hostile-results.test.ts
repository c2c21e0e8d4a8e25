import { canonicalJson } from '../../lib/keys/canonical-json';
import { RedisServer } from '../support/redis-server';
import { javascript } from '../support/engine';
import { embeddedStore, redisStore } from './hostile-stores';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';

/** Whatever the action answered, the request counts as handled, and a duplicate gets it as it was or is told why not. */

let server: RedisServer;
beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());

const deep = (levels: number): unknown =>
	JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
const cycle = (): unknown => {
	const self: Record<string, unknown> = { id: 1 };
	self.self = self;
	return self;
};

describe.each([
	['embedded', embeddedStore],
	['redis', redisStore(() => server)],
] as const)('%s', (_store, store) => {
	async function twice(value: () => unknown) {
		const act = javascript('Act', () => [{ json: { value: value() as string }, pairedItem: 0 }]);
		const json = chargeWorkflow('', store.parts({ act: [act], commit: { outcome: 'completed' } }));
		const triggerItems = [delivery(newKey())];
		const first = await store.n8n().run(json, { triggerItems });
		expect(first.error?.message).toBeUndefined();
		expect(first.counts('Commit')).toEqual([1, 0]);
		const second = await store.n8n().run(json, { triggerItems });
		expect(routed(second)).toEqual([0, 1, 0, 0]);
		expect((await store.records()).every(({ whole }) => whole)).toBe(true);
		return { first, second };
	}

	test.each<[string, () => unknown]>([
		['10 MB that compress', () => 'text '.repeat(2_000_000)],
		['20,000 levels', () => deep(20_000)],
		['100,000 fields', () => Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [n, n]))],
		['a name of 1 MB', () => ({ ['n'.repeat(1_000_000)]: 1 })],
		['control characters', () => '\u0000\u001b[2J\r\n\u2028'],
		['__proto__', () => JSON.parse('{"__proto__":{"polluted":1}}') as unknown],
		['constructor', () => ({ constructor: { prototype: { polluted: 1 } } })],
		['half of a surrogate pair', () => 'cut \ud83d'],
		['tiny and huge numbers', () => [5e-324, 1.7e308, 2 ** 53 + 2, '1e400']],
	])('%s comes back as it was', async (_name, value) => {
		const { second } = await twice(value);
		const [replayed] = second.json('Duplicate');
		expect(Object.keys(replayed ?? {})).toEqual(['value']);
		const text = (given: unknown) =>
			typeof given === 'string' ? JSON.stringify(given) : canonicalJson(given);
		expect(text(replayed?.value) === text(value())).toBe(true);
		expect(({} as Record<string, unknown>).polluted).toBeUndefined();
	});

	test.each<[string, () => unknown, unknown]>([
		['a cycle is cut, as n8n does it', cycle, { id: 1, self: '[Circular Reference]' }],
		['a BigInt becomes its digits', () => 2n ** 64n, '18446744073709551616'],
		['Infinity becomes null, as in any JSON', () => Infinity, null],
	])('%s', async (_name, value, expected) => {
		const { second } = await twice(value);
		expect(second.json('Duplicate')).toEqual([{ value: expected }]);
	});

	test('what is far too large is not kept, and said so', async () => {
		const rows = () => Array.from({ length: 700_000 }, (_, n) => `row ${n} of very many rows`);
		const { first, second } = await twice(rows);
		expect(first.hints('Commit')[0]?.message).toMatch(/larger than the limit of 1024 KB/);
		expect(detailsOf(second, 'Duplicate')).toMatchObject({ state: 'completed', resultItems: 0 });
	});

	test('what throws when read is not kept, and said so', async () => {
		const trap = () => ({
			get balance() {
				throw new Error('not for you');
			},
		});
		const { first, second } = await twice(trap);
		expect(first.hints('Commit')[0]?.message).toMatch(/could not be written as JSON/);
		expect(detailsOf(second, 'Duplicate')).toMatchObject({ state: 'completed', resultItems: 0 });
	});
});
