import { Client } from 'pg';

import type { Store } from '../../lib/core/store';
import { openPostgresStore } from '../../lib/stores/postgres';
import { PostgresServer } from '../support/postgres-server';
import {
	HOUR,
	LEASE,
	MINUTE,
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	recordOf,
} from '../support/requests';
import { TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

let server: PostgresServer;
beforeAll(async () => {
	server = await PostgresServer.start();
});
afterAll(async () => await server.stop());

const problemOf = (reply: { ok: boolean; error?: { problem: string } } | undefined) =>
	reply?.ok === false ? reply.error?.problem : 'none';

describe('a store in PostgreSQL', () => {
	let store: Store;
	beforeEach(() => {
		store = openPostgresStore({ ...server.options, prefix: 'failures_' });
	});
	afterEach(async () => await store.close());

	const claimed = async (over: Partial<Parameters<typeof claimRequest>[0]> = {}) => {
		const request = claimRequest({ identity: freshIdentity(), ...over });
		return { request, fence: fenceOf((await store.claim([request]))[0]) };
	};

	it.each([
		['holds', 'SELECT 1 FROM failures_claims WHERE identity = $1 FOR UPDATE'],
		[
			'has written to',
			'UPDATE failures_claims SET expires_at = expires_at + 1 WHERE identity = $1',
		],
	])(
		"waits for no row that a user's transaction %s: only its own claim is held up",
		async (_, sql) => {
			const [held, free] = [await claimed(), await claimed()];
			const user = new Client(server.options);
			await user.connect();
			await user.query('BEGIN');
			await user.query(sql, [held.request.identity]);
			const renewal = ({ request, fence }: typeof held) => ({
				type: 'renew' as const,
				identity: request.identity,
				owner: request.owner,
				fence,
				ownRun: true,
				leaseMs: LEASE,
			});
			const ended: string[] = [];
			const [stalled, renewed, fresh, refused] = await Promise.all([
				store.command([finishOf(held.request, held.fence)]).finally(() => ended.push('held')),
				store.command([renewal(free)]).finally(() => ended.push('renewal')),
				store
					.claim([claimRequest({ identity: freshIdentity() })])
					.finally(() => ended.push('fresh')),
				store.claim([{ ...held.request, owner: 'another' }]).finally(() => ended.push('refused')),
			]);
			expect(problemOf(stalled[0])).toBe('busy');
			expect(answered(renewed[0])).toMatchObject({ outcome: 'done' });
			expect(answered(fresh[0])).toMatchObject({ outcome: 'new' });
			expect(answered(refused[0])).toMatchObject({ outcome: 'conflict', reason: 'in_progress' });
			expect(ended.at(-1)).toBe('held');
			await user.query('ROLLBACK');
			await user.end();
			const [done] = await store.command([finishOf(held.request, held.fence)]);
			expect(answered(done)).toMatchObject({ outcome: 'done' });
		},
	);

	it('grants a key once, and keeps what was answered, while connections and the server are killed', async () => {
		const identities = Array.from({ length: 60 }, () => freshIdentity('killed'));
		const granted = new Map<string, string[]>();
		let isOver = false;
		let tell: () => void = () => {};
		const killed = new Promise<void>((resolve) => (tell = resolve));
		const killer = (async () => {
			for (let round = 0; !isOver; round++) {
				await new Promise((resolve) => setTimeout(resolve, 30));
				if (round === 3) {
					await server.kill();
					tell();
					await server.run();
				}
				await server
					.ask(
						'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = $1',
						['n8n-nodes-idempotency'],
					)
					.catch(() => undefined);
			}
		})();
		await Promise.all(
			identities.flatMap((identity) =>
				['a', 'b', 'c'].map(async (name) => {
					const request = claimRequest({ identity, owner: `owner ${name}` });
					// Some are sure to meet the server while it is down.
					if (name === 'c') await killed;
					await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
					for (let tries = 0; tries < 100; tries++) {
						const [reply] = await store.claim([request]);
						if (reply?.ok !== true) continue;
						if (reply.answer.outcome === 'new') {
							granted.set(identity, [...(granted.get(identity) ?? []), request.owner]);
						}
						return;
					}
				}),
			),
		);
		isOver = true;
		await killer;
		expect(granted.size).toBe(identities.length);
		for (const [identity, owners] of granted) {
			expect(owners).toHaveLength(1);
			const [stored] = await store.get([identity]);
			expect(recordOf(answered(stored)).owner).toBe(owners[0]);
		}
	}, 120_000);

	it('gives its own claim again where the answer was lost on the way', async () => {
		const proxy = await TcpProxy.start(server.port);
		const far = openPostgresStore({ ...server.options, port: proxy.port, prefix: 'failures_' });
		await far.get([freshIdentity()]);
		let lost = 0;
		proxy.fateOfReply = () => (lost++ === 0 ? 'drop' : 'pass');
		const request = claimRequest({ identity: freshIdentity() });
		const [reply] = await far.claim([request]);
		expect(answered(reply)).toMatchObject({ outcome: 'new', record: { attempts: 1 } });
		expect(lost).toBeGreaterThan(0);
		await far.close();
		await proxy.stop();
	});

	it('removes what has ended, and nothing of which a late finish could still be believed', async () => {
		let offset = 0;
		const table = { prefix: 'purged_', clockOffsetMs: () => offset };
		const purging = openPostgresStore({ ...server.options, ...table });
		const requests = [MINUTE, HOUR].map((retentionMs) =>
			claimRequest({ identity: freshIdentity(), retentionMs }),
		);
		const fences = (await purging.claim(requests)).map(fenceOf);
		const finishes = requests.map((each, i) => finishOf(each, fences[i] ?? 0));
		await purging.command(finishes.map((order) => ({ ...order, retentionMs: MINUTE })));
		offset = 2 * MINUTE;
		const [first = '', second = ''] = requests.map(({ identity }) => identity);
		const rows = async () =>
			(await server.ask('SELECT identity FROM purged_claims')).map(({ identity }) => identity);
		await until('a row is removed', async () => {
			await purging.claim([claimRequest({ identity: freshIdentity() })]);
			return !(await rows()).includes(first);
		});
		expect(await rows()).toContain(second);
		const [stored] = await purging.get([second]);
		expect(answered(stored)).toMatchObject({ state: 'tombstone', fence: fences[1] });
		await purging.close();
	});

	it('says so where it may only read', async () => {
		const { request } = await claimed();
		await server.ask('ALTER SYSTEM SET default_transaction_read_only = on');
		await server.ask('SELECT pg_reload_conf()');
		const readOnly = openPostgresStore({ ...server.options, prefix: 'failures_' });
		await new Promise((resolve) => setTimeout(resolve, 300));
		const [reply] = await readOnly.claim([claimRequest({ identity: freshIdentity() })]);
		expect(problemOf(reply)).toBe('read_only');
		expect(answered((await readOnly.get([request.identity]))[0])).not.toBeNull();
		await readOnly.close();
		const admin = new Client(server.options);
		await admin.connect();
		await admin.query('SET default_transaction_read_only = off');
		await admin.query('ALTER SYSTEM RESET default_transaction_read_only');
		await admin.query('SELECT pg_reload_conf()');
		await admin.end();
	});

	it('makes its tables once, however many come first', async () => {
		const stores = Array.from({ length: 8 }, () =>
			openPostgresStore({ ...server.options, prefix: 'many_' }),
		);
		const identity = freshIdentity();
		const replies = await Promise.all(
			stores.map(async (each, i) => {
				return (await each.claim([claimRequest({ identity, owner: `owner ${i}` })]))[0];
			}),
		);
		const outcomes = replies.map((reply) => answered(reply).outcome);
		expect(outcomes.filter((outcome) => outcome === 'new')).toHaveLength(1);
		await Promise.all(stores.map(async (each) => await each.close()));
	});
});
