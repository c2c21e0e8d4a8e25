import type { Store } from '../../lib/core/store';
import { openRedisStore } from '../../lib/stores/redis';
import { RedisServer } from '../support/redis-server';
import { answered, claimRequest, fenceOf, finishOf, freshIdentity } from '../support/requests';
import { standalone } from './redis-harness';

/** A record that another program, or a fault of ours, has spoilt fails its own key, whatever is wrong with it. */

let server: RedisServer;
let store: Store;
beforeAll(async () => {
	server = await RedisServer.start();
	store = openRedisStore(standalone(server.port));
});
afterAll(async () => {
	await store.close();
	await server.stop();
});

const keyOf = (identity: string) => `idem:{${identity.slice(0, 2)}}:${identity}`;
const spoil = async (identity: string, fields: Readonly<Record<string, string>>) =>
	await server.ask(async (client) => await client.hset(keyOf(identity), fields));

/** A finished request whose record is spoilt, in the middle of others that are fine. */
async function spoilt(fields: Readonly<Record<string, string>>) {
	const requests = Array.from({ length: 41 }, () =>
		claimRequest({ identity: freshIdentity('spoilt') }),
	);
	const done = requests.slice(0, 21);
	const granted = await store.claim(done);
	await store.command(done.map((request, i) => finishOf(request, fenceOf(granted[i]))));
	const bad = done[20] as (typeof done)[number];
	await spoil(bad.identity, fields);
	return { requests, done, bad, fences: granted.map((reply) => fenceOf(reply)) };
}

const outcomesOf = (replies: ReadonlyArray<{ ok: boolean }>) =>
	replies.map((reply) => {
		if (!reply.ok) return (reply as unknown as { error: { problem: string } }).error.problem;
		return (reply as unknown as { answer: { outcome: string } }).answer.outcome;
	});

const manyFields = Object.fromEntries(
	Array.from({ length: 9_000 }, (_, i) => [`field ${i}`, String(i)]),
);

describe.each([
	['a counter of duplicates that is no number', { u: 'many' }],
	['a counter of duplicates that is no whole number', { u: '1.5' }],
	['a counter of duplicates that can not be counted on', { u: '9223372036854775807' }],
	['an end that is no number', { x: 'later' }],
	['attempts that are infinite', { t: '1e999' }],
	['a fence that is too large', { s: 'C 99999999999999999999 1795497258303 1795497318303' }],
	['nine thousand fields more', manyFields],
])('%s', (_, fields) => {
	it('fails its own claim, and no other of the batch', async () => {
		const { requests, bad } = await spoilt(fields);
		const others = requests.map((request) => ({ ...request, owner: 'owner-b' }));
		const outcomes = outcomesOf(await store.claim(others));
		const at = requests.indexOf(bad);
		expect(outcomes[at]).toBe('corrupt_record');
		expect(outcomes.slice(0, 20)).toEqual(Array(20).fill('duplicate'));
		expect(outcomes.slice(21)).toEqual(Array(20).fill('new'));
	});

	it('fails its own command while it is open', async () => {
		const requests = Array.from({ length: 3 }, () =>
			claimRequest({ identity: freshIdentity('spoilt') }),
		);
		const granted = await store.claim(requests);
		const { s = '' } = fields as { s?: string };
		const open = s === '' ? fields : { s: s.replace('C', 'R') };
		await spoil(requests[1]?.identity ?? '', open);
		// Of fields that are none of a record's a finish looks at none.
		const wrong = fields === manyFields ? 'done' : 'corrupt_record';
		const finishes = requests.map((request, i) => finishOf(request, fenceOf(granted[i])));
		expect(outcomesOf(await store.command(finishes))).toEqual(['done', wrong, 'done']);
	});

	it('fails its own command, and is read and listed as what it is', async () => {
		const { done, bad, fences } = await spoilt(fields);
		const finishes = done.map((request, i) => finishOf(request, fences[i] ?? 0));
		const outcomes = outcomesOf(await store.command(finishes));
		expect(outcomes).toEqual([...Array<string>(20).fill('kept'), 'corrupt_record']);
		const read = await store.get(done.map(({ identity }) => identity));
		expect(read.map(({ ok }) => ok)).toEqual([...Array<boolean>(20).fill(true), false]);

		const { identity } = bad;
		const order = { type: 'forget', identity, force: false } as const;
		expect(outcomesOf([await store.operate(order)])).toEqual(['corrupt_record']);
		expect(await server.ask(async (client) => await client.exists(keyOf(identity)))).toBe(1);
		const forced = await store.operate({ ...order, force: true });
		expect(answered(forced)).toMatchObject({ outcome: 'done', state: 'absent' });
	});
});
