import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { openEmbeddedStore } from '../../lib/stores/embedded';
import { compileClaimer, startClaimer } from './claimers';
import { makeFolder } from './embedded-harness';
import { answered, claimRequest, freshIdentity, identityOf, recordOf } from '../support/requests';

const NOBODY = 65_534;

describe('the file of an embedded store, in several processes', () => {
	let folder: string;
	let file: string;
	let script: string;
	beforeAll(() => {
		folder = makeFolder();
		file = join(folder, 'claims.sqlite');
		script = compileClaimer(folder);
	});
	afterAll(() => rmSync(folder, { recursive: true }));

	it('grants each of the same 200 keys to one of four processes', async () => {
		const claimers = [1, 2, 3, 4].map((n) =>
			startClaimer(script, { file, owner: `owner ${n}`, prefix: 'same', keys: 200, batch: n }),
		);
		expect(await Promise.all(claimers.map(async ({ ended }) => await ended))).toEqual([0, 0, 0, 0]);

		const lines = claimers.flatMap((claimer) => claimer.lines);
		expect(lines.filter(({ problem }) => problem !== undefined)).toEqual([]);
		const granted = lines.flatMap((line) => line.granted ?? []);
		const all = Array.from({ length: 200 }, (_, i) => identityOf(`same ${i}`));
		expect([...granted].sort()).toEqual(all.sort());
		expect(lines.reduce((sum, { refused = 0 }) => sum + refused, 0)).toBe(600);

		const store = await openEmbeddedStore({ file });
		for (const [n, { lines: own }] of claimers.entries()) {
			const identities = own.flatMap((line) => line.granted ?? []);
			const replies = await store.get(identities);
			for (const reply of replies) expect(recordOf(answered(reply)).owner).toBe(`owner ${n + 1}`);
		}
		const rows = answered(await store.stats());
		const counted = (counter: string) =>
			rows.filter((row) => row.counter === counter).reduce((sum, { value }) => sum + value, 0);
		expect([counted('new'), counted('in_progress')]).toEqual([200, 600]);
		await store.close();
	});

	it('keeps every claim that was answered, and a sound file, when a process is killed', async () => {
		for (const round of [1, 2, 3]) {
			const owner = `killed ${round}`;
			const claimer = startClaimer(script, { file, owner, prefix: owner, keys: null, batch: 40 });
			await claimer.reached(5 * round);
			claimer.process.kill('SIGKILL');
			expect(await claimer.ended).toBe('SIGKILL');
			expect(claimer.lines.length).toBeGreaterThanOrEqual(5 * round);

			const db = new DatabaseSync(file);
			expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
			db.close();

			const store = await openEmbeddedStore({ file });
			const granted = claimer.lines.flatMap((line) => line.granted ?? []);
			for (const reply of await store.get(granted)) {
				expect(recordOf(answered(reply))).toMatchObject({ owner, state: 'processing' });
			}
			const [first = ''] = granted;
			const replies = await store.claim([
				claimRequest({ identity: first, owner: 'another' }),
				claimRequest({ identity: freshIdentity('after the kill'), owner: 'another' }),
			]);
			expect(answered(replies[0])).toMatchObject({ outcome: 'conflict', reason: 'in_progress' });
			expect(answered(replies[1])).toMatchObject({ outcome: 'new' });
			await store.close();
		}
	});

	it('says that it may only read, to a user who may', async () => {
		const own = join(makeFolder(), 'claims.sqlite');
		await (await openEmbeddedStore({ file: own })).close();
		chmodSync(join(own, '..'), 0o555);
		chmodSync(own, 0o444);
		const uid = process.getuid?.() === 0 ? NOBODY : undefined;
		const task = { file: own, owner: 'reader', prefix: 'read', keys: 1, batch: 1 };
		const claimer = startClaimer(script, task, uid);
		await claimer.ended;
		expect(claimer.lines).toEqual([{ problem: 'read_only' }]);
		chmodSync(join(own, '..'), 0o755);
		rmSync(join(own, '..'), { recursive: true });
	});
});
