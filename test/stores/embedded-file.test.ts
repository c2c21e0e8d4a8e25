import {
	existsSync,
	mkdirSync,
	renameSync,
	rmSync,
	statSync,
	truncateSync,
	unlinkSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { openEmbeddedStore } from '../../lib/stores/embedded';
import type { Reply } from '../../lib/core/reply';
import type { Store } from '../../lib/core/store';
import { StoreError } from '../../lib/core/reply';
import { alter, makeFolder } from './embedded-harness';
import {
	HOUR,
	LEASE,
	RETENTION,
	answered,
	bytes,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
} from '../support/requests';
import { until } from '../support/until';

const problemOf = (reply: Reply<unknown> | undefined): string =>
	reply === undefined || reply.ok ? 'none' : reply.error.problem;

/** What no user of a store can reach: SQLite's own settings, and the flush of the log. */
interface Inside {
	readonly db: DatabaseSync;
	readonly log: { sync(): Promise<void> };
}

const connectionOf = (store: Store): Inside =>
	(store as unknown as { inner: { backend: { connection: Inside } } }).inner.backend.connection;

describe('the file of an embedded store', () => {
	let folder: string;
	let file: string;
	let store: Store | null;
	beforeEach(() => {
		folder = makeFolder();
		file = join(folder, 'n8n', 'claims.sqlite');
		store = null;
	});
	afterEach(async () => {
		await store?.close();
		rmSync(folder, { recursive: true });
	});

	const open = async (clock?: () => number): Promise<Store> => {
		store = await openEmbeddedStore({ file, ...(clock && { clock }) });
		return store;
	};
	const openProblem = async (): Promise<StoreError> => {
		const error: unknown = await openEmbeddedStore({ file }).catch((reason: unknown) => reason);
		if (!(error instanceof StoreError)) throw new Error(`opened, or untyped: ${String(error)}`);
		return error;
	};
	const claimOne = async (over: Parameters<typeof claimRequest>[0]) =>
		(await (store ?? (await open())).claim([claimRequest(over)]))[0];

	it('is for its user alone, as are its log and its shared memory, whatever the umask', async () => {
		const umask = process.umask(0);
		try {
			await open();
		} finally {
			process.umask(umask);
		}
		await claimOne({ identity: freshIdentity() });
		for (const name of [file, `${file}-wal`, `${file}-shm`]) {
			expect((statSync(name).mode & 0o777).toString(8)).toBe('600');
		}
		expect((statSync(join(folder, 'n8n')).mode & 0o777).toString(8)).toBe('700');
	});

	it('is refused on a Node.js without SQLite, before anything is made', async () => {
		const opening = openEmbeddedStore({ file }, () => undefined);
		await expect(opening).rejects.toMatchObject({ name: 'StoreError', problem: 'unsupported' });
		await expect(opening).rejects.toThrow(
			new RegExp(`Node\\.js 22\\.13 or newer, this is ${process.version}\\..*Redis store`),
		);
		expect(existsSync(join(folder, 'n8n'))).toBe(false);
	});

	it('is refused where it is not one of ours', async () => {
		mkdirSync(join(folder, 'n8n'));
		writeFileSync(file, 'a text that is long enough to be no header of a database '.repeat(100));
		expect((await openProblem()).problem).toBe('configuration');

		rmSync(file);
		const db = new DatabaseSync(file);
		db.exec('CREATE TABLE claims (key)');
		db.close();
		expect((await openProblem()).message).toContain("another program's database");

		rmSync(file);
		mkdirSync(file);
		expect(['configuration', 'permission']).toContain((await openProblem()).problem);
	});

	it('is refused where a newer version made it', async () => {
		await (await open()).close();
		alter(file, 'PRAGMA user_version = 99');
		const error = await openProblem();
		expect(error.problem).toBe('unsupported');
		expect(error.message).toContain('update the package');
	});

	it('of an older version is brought up to date, with its claims', async () => {
		const withoutComparison = () => {
			alter(file, 'DROP INDEX ending_claims');
			for (const column of ['believed_until', 'takeover', 'comparison']) {
				alter(file, `ALTER TABLE claims DROP COLUMN ${column}`);
			}
			alter(file, 'CREATE INDEX expiring_claims ON claims (expires_at)');
			alter(file, 'DROP TABLE names');
			alter(file, 'DROP TABLE tallies');
		};
		const identity = freshIdentity();
		const first = await open();
		await first.claim([claimRequest({ identity })]);
		await first.close();
		alter(file, 'DROP TABLE notices');
		alter(file, 'DROP TABLE budget_grants');
		withoutComparison();
		alter(file, 'PRAGMA user_version = 1');
		await (await open()).close();
		alter(file, 'DROP TABLE budget_grants');
		withoutComparison();
		alter(file, 'PRAGMA user_version = 2');
		const again = await open();
		const [claim] = await again.claim([claimRequest({ identity, owner: 'owner-b' })]);
		expect(answered(claim)).toMatchObject({ outcome: 'conflict', reason: 'in_progress' });
		const taken = await again.takeNotices({ consumer: 'c', notices: ['n'], holdMs: 1 });
		expect(answered(taken)).toEqual(['n']);
		const budget = { identity: freshIdentity(), limit: 1, windowMs: 1_000 };
		const [budgeted] = await again.claim([claimRequest({ identity: freshIdentity(), budget })]);
		expect(answered(budgeted).outcome).toBe('new');
		const note = { namespace: 'n', name: 'N', lifetimeMs: 1_000 };
		expect(answered(await again.noteName(note))).toBeNull();
	});

	it('is refused where it is damaged, with what to do about it', async () => {
		const first = await open();
		const requests = Array.from({ length: 300 }, () => claimRequest({ identity: freshIdentity() }));
		await first.claim(requests);
		await first.close();
		truncateSync(file, 4096);
		const opened = await openEmbeddedStore({ file }).catch((error: unknown) => error);
		const error =
			opened instanceof StoreError
				? opened
				: await (opened as Store).claim(requests).then(([reply]) => {
						if (reply === undefined || reply.ok) throw new Error('a damaged file was claimed in');
						return reply.error;
					});
		expect(error.problem).toBe('unexpected');
		expect(error.message).toMatch(/damaged.*backup/);
	});

	it.each([
		['deleted', () => unlinkSync(file)],
		['moved', () => renameSync(file, `${file}.old`)],
		[
			'replaced by an empty file',
			() => {
				renameSync(file, `${file}.old`);
				writeFileSync(file, '');
			},
		],
	])('answers nothing more once it was %s: it would take all for new', async (_, act) => {
		const identity = freshIdentity();
		await claimOne({ identity });
		act();
		const reply = await claimOne({ identity, owner: 'owner-b' });
		expect(reply).toMatchObject({ ok: false, error: { problem: 'unexpected' } });
		expect(problemOf((await store?.get([identity]))?.[0])).toBe('unexpected');
		expect(existsSync(file) ? statSync(file).size : 0).toBe(0);
	});

	it('answers "disk full" for what does not fit, and keeps the rest', async () => {
		const opened = await open();
		const kept = claimRequest({ identity: freshIdentity() });
		const fence = fenceOf((await opened.claim([kept]))[0]);
		const { db } = connectionOf(opened);
		db.exec('PRAGMA max_page_count = 20');
		const result = new Uint8Array(1 << 20);
		const [reply] = await opened.command([finishOf(kept, fence, { result })]);
		expect(problemOf(reply)).toBe('disk_full');
		const [stored] = await opened.get([kept.identity]);
		expect(answered(stored)).toMatchObject({ state: 'processing', result: null });
		db.exec('PRAGMA max_page_count = 100000');
		const [again] = await opened.command([finishOf(kept, fence, { result })]);
		expect(answered(again)).toMatchObject({ outcome: 'done' });
	});

	it('answers no claim that the disk did not take', async () => {
		const opened = await open();
		const { log } = connectionOf(opened);
		log.sync = async () => await Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
		expect(problemOf(await claimOne({ identity: freshIdentity() }))).toBe('unexpected');
	});

	it('answers no duplicate before the disk has the result that another process wrote', async () => {
		const opened = await open();
		const other = await openEmbeddedStore({ file });
		/** The disk of one of them, which takes its time. */
		const slowDisk = (each: Store) => {
			let letGo = (): void => undefined;
			const gate = new Promise<void>((resolve) => (letGo = resolve));
			const sync = jest.spyOn(connectionOf(each).log, 'sync').mockReturnValue(gate);
			return { sync, letGo: () => letGo() };
		};
		try {
			const request = claimRequest({ identity: freshIdentity() });
			const fence = fenceOf((await opened.claim([request]))[0]);
			const disk = slowDisk(opened);
			const finishing = opened.command([finishOf(request, fence)]);
			await until('it was committed', () => disk.sync.mock.calls.length === 1);
			const otherDisk = slowDisk(other);
			let isAnswered = false;
			const again = other.claim([{ ...request, owner: 'another' }]);
			void again.then(() => (isAnswered = true));
			await until('it was read', () => otherDisk.sync.mock.calls.length === 1);
			await nextTurn();
			expect(isAnswered).toBe(false);
			otherDisk.letGo();
			expect(answered((await again)[0])).toMatchObject({ outcome: 'duplicate' });
			disk.letGo();
			await finishing;
		} finally {
			await other.close();
		}
	});

	it('fails a request that can not be stored alone', async () => {
		const opened = await open();
		const requests = [
			claimRequest({ identity: freshIdentity() }),
			claimRequest({ identity: freshIdentity(), fieldDigests: 'no bytes' as never }),
			claimRequest({ identity: freshIdentity() }),
		];
		expect((await opened.claim(requests)).map(problemOf)).toEqual(['none', 'unexpected', 'none']);
	});

	it('undoes a batch that fails half way, and goes on', async () => {
		const opened = await open();
		const good = claimRequest({ identity: freshIdentity() });
		const bad = claimRequest({ identity: freshIdentity(), fieldDigests: { length: 1 } as never });
		expect((await opened.claim([good, bad])).map(problemOf)).toEqual(['unexpected', 'unexpected']);
		expect(answered((await opened.get([good.identity]))[0])).toBeNull();
		expect(answered((await opened.claim([good]))[0])).toMatchObject({ outcome: 'new' });
	});

	it('loses expired records and their results along with writes, a few at a time', async () => {
		let micros = Date.now() * 1000;
		const opened = await open(() => micros);
		const requests = Array.from({ length: 300 }, () => claimRequest({ identity: freshIdentity() }));
		const claims = await opened.claim(requests);
		await opened.command(
			requests.map((request, i) => finishOf(request, fenceOf(claims[i]), { result: bytes(1) })),
		);
		const rows = (): number[] => {
			const db = new DatabaseSync(file);
			const count = (table: string) =>
				Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
			const counts = [count('claims'), count('results')];
			db.close();
			return counts;
		};
		expect(rows()).toEqual([300, 300]);

		micros += (RETENTION + LEASE + HOUR) * 1000;
		await claimOne({ identity: freshIdentity() });
		const [claimsLeft = 0, resultsLeft = 0] = rows();
		expect(claimsLeft).toBeLessThan(300);
		expect(claimsLeft).toBeGreaterThan(250);
		expect(resultsLeft).toBe(claimsLeft - 1);

		await opened.claim(requests.slice(0, 150).map(({ identity }) => claimRequest({ identity })));
		// How many go with one write depends on how fast the machine is.
		let later = 0;
		for (; later < 300 && rows()[1] !== 0; later++) await claimOne({ identity: freshIdentity() });
		expect(rows()).toEqual([1 + 150 + later, 0]);
	});
});
