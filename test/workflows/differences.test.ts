import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { RedisServer } from '../support/redis-server';
import { javascript, webhookItem } from '../support/engine';
import { engine } from './nodes';
import { engineOn, onRedis } from './on-redis';
import { chargeWorkflow, detailsOf, newKey } from './scenario';
import type { ChargeParts } from './scenario';

/** A conflict says which top-level fields differ, and never what is in them. */

let server: RedisServer;
beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());

const act = javascript('Act', (items) => items);
const guard = { keySource: 'expression', key: '={{ $json.query.id }}' };
const inPlace: ChargeParts = { act: [act], guard };
const embedded = engine();
const stores = [
	{ n8n: () => embedded, parts: inPlace },
	{ n8n: () => engineOn(server, { secret: 'of the credential' }), parts: onRedis(inPlace) },
] as const;

async function conflictOf(store: 0 | 1, one: IDataObject, other: IDataObject) {
	const query = { id: newKey() };
	const json = chargeWorkflow('', stores[store].parts);
	const n8n = stores[store].n8n();
	await n8n.run(json, { triggerItems: [webhookItem({ query, body: one })] });
	const result = await n8n.run(json, { triggerItems: [webhookItem({ query, body: other })] });
	return detailsOf(result, 'Conflict');
}

/** Everything below the top-level names bears this mark: no text of a conflict may hold it. */
const MARK = 'PLANTED';
const mark = fc.nat().map((n) => `${MARK}${n}`);
const { planted } = fc.letrec<{ planted: unknown }>((tie) => ({
	planted: fc.oneof(
		{ maxDepth: 3 },
		mark,
		fc.array(tie('planted'), { minLength: 1, maxLength: 3 }),
		fc.dictionary(mark, tie('planted'), { minKeys: 1, maxKeys: 3 }),
	),
}));
const name = fc.oneof(
	fc.constantFrom('id', 'amount', 'a.b', '__proto__', 'constructor', '0', 'ключ', 'x y', '"'),
	fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
);
const payload = fc.dictionary(name, planted, { minKeys: 1, maxKeys: 8 });
/** A payload and a change of it: fields that are new, gone, and of another value. */
const pair = fc
	.tuple(payload, payload, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }))
	.map(([one, more, kept]) => {
		const left = Object.entries(one).filter((_, i) => kept[i]);
		return { one, other: Object.fromEntries([...left, ...Object.entries(more)]) };
	});

const differing = (one: IDataObject, other: IDataObject): string[] =>
	Object.keys(other).filter(
		(field) =>
			!Object.hasOwn(one, field) || JSON.stringify(one[field]) !== JSON.stringify(other[field]),
	);

test.each([
	['embedded', 0],
	['Redis, with a secret', 1],
] as const)(
	'%s: the names of fields that differ, and no value of either payload',
	async (_name, store) => {
		let conflicts = 0;
		await fc.assert(
			fc.asyncProperty(pair, async ({ one, other }) => {
				const details = await conflictOf(store, one as IDataObject, other as IDataObject);
				if (details.reason === undefined) return;
				conflicts++;
				expect(details.reason).toBe('payload_mismatch');
				expect(JSON.stringify(details)).not.toContain(MARK);
				const expected = differing(one as IDataObject, other as IDataObject);
				expect(details.changedFields).toEqual(expected.map((field) => `body.${field}`));
				const gone = Object.keys(one).filter((field) => !Object.hasOwn(other, field)).length;
				if (gone > 0) expect(details.message).toContain(`${gone} of its fields`);
				expect((details.problem as IDataObject).detail).toBe(details.message);
			}),
			{ numRuns: 60 },
		);
		expect(conflicts).toBeGreaterThan(30);
	},
);

test('a body that is a list or text is named as a whole', async () => {
	for (const [one, other] of [
		[[MARK], [`${MARK}2`]],
		[MARK, `${MARK}2`],
		[{ a: MARK }, [MARK]],
	]) {
		const details = await conflictOf(0, one as IDataObject, other as unknown as IDataObject);
		expect(details.changedFields).toEqual(['body']);
		expect(JSON.stringify(details)).not.toContain(MARK);
	}
});

test('a body that becomes an object shows its names alone', async () => {
	const details = await conflictOf(0, [MARK] as unknown as IDataObject, { a: MARK, b: [MARK] });
	expect(details.changedFields).toEqual(['body.a', 'body.b']);
	expect(JSON.stringify(details)).not.toContain(MARK);
});

test('many and long names are cut: an answer stays short however odd the request', async () => {
	const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`f${n}`, n]));
	const first = await conflictOf(0, { a: 1 }, many);
	expect((first.changedFields as string[]).length).toBe(100);
	expect(String(first.message)).toContain('and 99,990 more');
	expect(JSON.stringify(first).length).toBeLessThan(5_000);
	const second = await conflictOf(0, { a: 1 }, { ['n'.repeat(1_000_000)]: 1 });
	expect((second.changedFields as string[])[0]).toMatch(/^body\.n+…$/);
	expect(JSON.stringify(second).length).toBeLessThan(5_000);
});
