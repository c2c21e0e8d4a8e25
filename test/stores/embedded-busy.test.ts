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

/** How long n8n's thread may stand still at a time. */
const LONGEST_STALL_MS = 60;

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

	/** The least longest stall of some rounds: other work of the machine may hold up one, but hardly all. */
	const stallOf = async (round: () => Promise<void>): Promise<number> => {
		let least = Infinity;
		for (let i = 0; i < 5 && least >= LONGEST_STALL_MS; i++) {
			let last = performance.now();
			let longest = 0;
			const look = () => {
				longest = Math.max(longest, performance.now() - last);
				last = performance.now();
			};
			const timer = setInterval(look, 2);
			await round();
			look();
			clearInterval(timer);
			least = Math.min(least, longest);
		}
		return least;
	};

	it('gives up a locked file after a bounded time, and never holds the thread for it', async () => {
		const other = new DatabaseSync(file);
		other.exec('BEGIN IMMEDIATE');
		const stall = await stallOf(async () => {
			const started = performance.now();
			const [reply] = await store.claim([claimRequest({ identity: freshIdentity() })]);
			expect(reply).toMatchObject({ ok: false, error: { problem: 'busy' } });
			const took = performance.now() - started;
			expect(took).toBeGreaterThan(500);
			expect(took).toBeLessThan(5_000);
		});
		expect(stall).toBeLessThan(LONGEST_STALL_MS);

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
		const stall = await stallOf(async () => {
			const requests = Array.from({ length: 20_000 }, () => ({ identity: freshIdentity() }));
			await new Promise((resolve) => setTimeout(resolve, 5));
			const replies = await store.claim(requests.map(claimRequest));
			expect(replies.every((reply) => reply.ok && reply.answer.outcome === 'new')).toBe(true);
		});
		expect(stall).toBeLessThan(5 * LONGEST_STALL_MS);
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
