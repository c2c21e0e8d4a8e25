import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { openEmbeddedStore } from '../../lib/stores/embedded';
import type { Store } from '../../lib/core/store';
import { makeFolder } from './embedded-harness';
import {
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	microsOf,
} from '../support/requests';

/** Of the event loop, in what takes half a second or more. */
const MANY_TURNS = 50;

describe('an embedded store and the thread it runs on', () => {
	let folder: string;
	let file: string;
	let store: Store;
	beforeEach(async () => {
		folder = makeFolder();
		file = join(folder, 'claims.sqlite');
		store = await openEmbeddedStore({ file, busyRetryMs: 600 });
	});
	afterEach(async () => {
		await store.close();
		rmSync(folder, { recursive: true });
	});

	/** How often the event loop turned meanwhile: a thread that is held turns once or twice. */
	const turnsDuring = async (work: () => Promise<void>): Promise<number> => {
		let turns = 0;
		let isOver = false;
		const turn = () => {
			turns++;
			if (!isOver) setImmediate(turn);
		};
		setImmediate(turn);
		await work();
		isOver = true;
		return turns;
	};

	it('gives up a locked file after a bounded time, and never holds the thread for it', async () => {
		const other = new DatabaseSync(file);
		other.exec('BEGIN IMMEDIATE');
		const turns = await turnsDuring(async () => {
			const started = performance.now();
			const [reply] = await store.claim([claimRequest({ identity: freshIdentity() })]);
			expect(reply).toMatchObject({ ok: false, error: { problem: 'busy' } });
			expect(performance.now() - started).toBeGreaterThan(500);
		});
		expect(turns).toBeGreaterThan(MANY_TURNS);

		const identity = freshIdentity();
		const [found] = await store.get([identity]);
		expect(answered(found)).toBeNull();
		other.exec('ROLLBACK');
		other.close();
	});

	it('goes on as soon as a locked file is free', async () => {
		const other = new DatabaseSync(file);
		other.exec('BEGIN IMMEDIATE');
		const waiting = store.claim([claimRequest({ identity: freshIdentity() })]);
		await new Promise((resolve) => setTimeout(resolve, 150));
		other.exec('COMMIT');
		other.close();
		expect(answered((await waiting)[0])).toMatchObject({ outcome: 'new' });
	});

	it('opens a file that is locked at first, and gives up one that stays so', async () => {
		const locked = join(folder, 'locked.sqlite');
		const other = new DatabaseSync(locked);
		other.exec('BEGIN EXCLUSIVE');
		await expect(openEmbeddedStore({ file: locked, busyRetryMs: 100 })).rejects.toMatchObject({
			problem: 'busy',
		});
		const opening = openEmbeddedStore({ file: locked, busyRetryMs: 5_000 });
		await new Promise((resolve) => setTimeout(resolve, 100));
		other.exec('ROLLBACK');
		other.close();
		await (await opening).close();
	});

	it('lets others run between the turns of a long batch', async () => {
		const requests = Array.from({ length: 20_000 }, () => ({ identity: freshIdentity() }));
		const transactions = new Set<number>();
		const turns = await turnsDuring(async () => {
			const replies = await store.claim(requests.map(claimRequest));
			expect(replies.every((reply) => reply.ok && reply.answer.outcome === 'new')).toBe(true);
			for (const reply of replies) transactions.add(microsOf(reply));
		});
		expect(transactions.size).toBeGreaterThan(1);
		expect(turns).toBeGreaterThanOrEqual(transactions.size - 1);
	});

	it('ends a turn early where the items are large', async () => {
		const requests = Array.from({ length: 100 }, () => claimRequest({ identity: freshIdentity() }));
		const claims = await store.claim(requests);
		const result = new Uint8Array(1 << 19);
		const replies = await store.command(
			requests.map((request, i) => finishOf(request, fenceOf(claims[i]), { result })),
		);
		expect(new Set(replies.map(microsOf)).size).toBeGreaterThan(1);
	});
});
