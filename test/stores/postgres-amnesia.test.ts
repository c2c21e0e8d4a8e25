import type { Store } from '../../lib/core/store';
import { openPostgresStore } from '../../lib/stores/postgres';
import { PostgresServer } from '../support/postgres-server';
import {
	HOUR,
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	microsOf,
} from '../support/requests';

/** Tables that were dropped, emptied or replaced by others while they were open: nothing may be granted on them as if all were well. */

let server: PostgresServer;
beforeAll(async () => {
	server = await PostgresServer.start();
});
afterAll(async () => await server.stop());

const TABLES = ['claims', 'budgets', 'notices', 'stats', 'tallies', 'secrets', 'names', 'meta'];
let opened = 0;
let prefix = '';
let stores: Store[] = [];
beforeEach(() => (prefix = `gone${opened++}_`));
afterEach(async () => {
	await Promise.all(stores.map(async (store) => await store.close()));
	stores = [];
});

const open = () => {
	const store = openPostgresStore({ ...server.options, prefix });
	stores.push(store);
	return store;
};
const named = (tables: readonly string[]) => tables.map((name) => `${prefix}${name}`).join(', ');
const drop = async (tables: readonly string[]) =>
	await server.ask(`DROP TABLE ${named(tables)} CASCADE`);
const fresh = () => claimRequest({ identity: freshIdentity() });
const isStrict = (eventAt: number) => ({ ...fresh(), eventAt, strictAge: true });
const remembered = async (store: Store) => {
	const request = fresh();
	const fence = fenceOf((await store.claim([request]))[0]);
	await store.command([finishOf(request, fence)]);
	return request;
};
const replaced = {
	ok: false,
	error: { problem: 'configuration', message: expect.stringContaining('dropped, emptied') },
};
const timeOf = async (store: Store) =>
	Math.floor(microsOf((await store.get([freshIdentity()]))[0]) / 1000);

/** Ways of losing what was remembered, with what makes the tables anew where they are gone. */
const WAYS: ReadonlyArray<readonly [string, () => Promise<unknown>]> = [
	['all dropped', async () => await drop(TABLES)],
	[
		'all dropped and made anew by another process',
		async () => {
			await drop(TABLES);
			await open().get([freshIdentity()]);
		},
	],
	['the claims dropped', async () => await drop(['claims'])],
	[
		'the claims dropped and made anew by another process',
		async () => {
			await drop(['claims']);
			await open().get([freshIdentity()]);
		},
	],
	['the claims emptied', async () => await server.ask(`TRUNCATE ${named(['claims'])}`)],
	['all emptied', async () => await server.ask(`TRUNCATE ${named(TABLES)}`)],
	[
		'the claims replaced by a copy of before',
		async () => {
			const [claims, copy] = [named(['claims']), `${prefix}copy`];
			await server.ask(`CREATE TABLE ${copy} (LIKE ${claims} INCLUDING ALL)`);
			await server.ask(`DROP TABLE ${claims}`);
			await server.ask(`ALTER TABLE ${copy} RENAME TO ${claims}`);
		},
	],
];

it.each(WAYS)('a store that is open lets nothing through: %s', async (_, lose) => {
	const store = open();
	const request = await remembered(store);
	const held = fresh();
	const heldFence = fenceOf((await store.claim([held]))[0]);
	await lose();
	const another = { ...request, owner: 'another' };
	const withTime = isStrict(Date.now() + HOUR);
	const budget = { identity: freshIdentity(), limit: 9, windowMs: HOUR };
	for (const asked of [another, fresh(), withTime, { ...fresh(), budget }]) {
		expect((await store.claim([asked]))[0]).toMatchObject(replaced);
	}
	expect(await store.claim([another, fresh()])).toMatchObject([replaced, replaced]);
	expect((await store.command([finishOf(held, heldFence)]))[0]).toMatchObject(replaced);
	expect((await store.get([request.identity]))[0]).toMatchObject(replaced);
	const { identity } = request;
	expect(await store.operate({ type: 'forget', identity, force: true })).toMatchObject(replaced);
});

it.each(WAYS.slice(0, -1))(
	'who opens it then refuses what happened before, where it is to be strict: %s',
	async (_, lose) => {
		const store = open();
		await remembered(store);
		const before = (await timeOf(store)) - 1;
		await lose();
		const anew = open();
		const [old] = await anew.claim([isStrict(before)]);
		expect(answered(old)).toMatchObject({ outcome: 'conflict', reason: 'stale_key' });
		const [later] = await anew.claim([isStrict((await timeOf(anew)) + 1)]);
		expect(answered(later)).toMatchObject({ outcome: 'new' });
		expect(answered(await anew.signingKey())).toHaveLength(32);
	},
);

it.each(['VACUUM FULL', 'CLUSTER', 'VACUUM', 'ANALYZE'])(
	'goes on where the claims are only put in order: %s',
	async (order) => {
		const store = open();
		const request = await remembered(store);
		const claims = named(['claims']);
		await server.ask(
			order === 'CLUSTER' ? `CLUSTER ${claims} USING ${claims}_pkey` : `${order} ${claims}`,
		);
		const replies = await store.claim([{ ...request, owner: 'another' }, fresh()]);
		expect(replies.map((reply) => answered(reply).outcome)).toEqual(['duplicate', 'new']);
		const [next] = await store.claim([fresh()]);
		expect(answered(next)).toMatchObject({ outcome: 'new' });
	},
);

it('makes a table that is gone beside the claims, which are as they were', async () => {
	const request = await remembered(open());
	await drop(['budgets', 'tallies']);
	const anew = open();
	const budget = { identity: freshIdentity(), limit: 9, windowMs: HOUR };
	const [reply] = await anew.claim([{ ...fresh(), budget }]);
	expect(answered(reply)).toMatchObject({ outcome: 'new' });
	const [again] = await anew.claim([{ ...request, owner: 'another' }]);
	expect(answered(again)).toMatchObject({ outcome: 'duplicate' });
});
