import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

import { openEmbeddedStore } from '../../lib/stores/embedded';
import { type FaultRun, meetFault } from './fault-run';
import { mountSmallDisk, unmount } from './small-disk';

/** The file of the embedded store: locked, read-only, on a full disk, gone. */

const NOBODY = 65_534;

let folder: string;
let file: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'idempotency-faults-'));
	file = join(folder, 'claims.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true }));

const store = (busyRetryMs?: number) => ({ kind: 'embedded' as const, file, busyRetryMs });

const problemsOf = (run: FaultRun): Set<string> =>
	new Set(run.events.flatMap((event) => (event.event === 'failed' ? [event.problem] : [])));

it('the file locked by another process, again and again', async () => {
	const fault = { name: 'file locked by another process', store: store(200) };
	await meetFault(fault, async (run) => {
		await (await openEmbeddedStore({ file })).close();
		const other = new DatabaseSync(file, { timeout: 60_000 });
		let done = false;
		const locking = (async () => {
			while (!done) {
				other.exec('BEGIN IMMEDIATE');
				await sleep(500);
				other.exec('COMMIT');
				await sleep(50);
			}
		})();
		// All of a storm may find its place in the gaps.
		do await run.storm({ tries: 10 });
		while (problemsOf(run).size === 0);
		done = true;
		await locking;
		other.close();
		expect(problemsOf(run)).toEqual(new Set(['busy']));
	});
});

it('a file that may only be read', async () => {
	await meetFault({ name: 'file read-only', store: store() }, async (run) => {
		await (await openEmbeddedStore({ file })).close();
		chmodSync(folder, 0o555);
		chmodSync(file, 0o444);
		await run.storm({ uid: process.getuid?.() === 0 ? NOBODY : undefined });
		expect(problemsOf(run)).toEqual(new Set(['read_only']));
		expect(run.downstream.effects).toEqual([]);
		chmodSync(folder, 0o755);
		chmodSync(file, 0o600);
	});
});

it('a disk that is full, and then has room again', async () => {
	const disk = join(folder, 'disk');
	const mounted = mountSmallDisk(disk, 4_000_000);
	file = join(disk, 'claims.sqlite');
	const ballast = join(disk, 'ballast');
	try {
		await meetFault({ name: 'disk full', store: store(), keys: 60 }, async (run) => {
			if (mounted) writeFileSync(ballast, Buffer.alloc(3_300_000));
			// Where no disk can be mounted, a limit of the file's size stands in for it.
			const limit = mounted ? {} : { fileBytes: 400_000 };
			await run.storm({ workers: 1, times: 1, parallel: 4, resultBytes: 12_000, ...limit });
			expect(problemsOf(run)).toEqual(new Set([mounted ? 'disk_full' : 'unexpected']));
			rmSync(ballast, { force: true });
		});
	} finally {
		if (mounted) unmount(disk);
	}
});

it('a file that may not grow any more', async () => {
	const fault = { name: "limit of the file's size reached", store: store(), keys: 60 };
	await meetFault(fault, async (run) => {
		await run.storm({
			workers: 1,
			times: 1,
			parallel: 4,
			resultBytes: 12_000,
			fileBytes: 400_000,
		});
		expect(problemsOf(run)).toEqual(new Set(['unexpected']));
	});
});

it('a file that is moved away under running workers, and put back', async () => {
	await meetFault({ name: 'file moved away, and put back', store: store() }, async (run) => {
		let back: Promise<void> | undefined;
		run.downstream.onEffect = (count) => {
			if (count !== 5) return;
			renameSync(file, `${file}.away`);
			back = sleep(600).then(() => renameSync(`${file}.away`, file));
		};
		await run.storm({ tries: 20 });
		await back;
		expect(problemsOf(run)).toEqual(new Set(['unexpected']));
	});
});

it('a file that is deleted: running workers stop, new ones begin anew', async () => {
	const fault = { name: 'file deleted, then n8n restarted', store: store(), unprotected: true };
	await meetFault(fault, async (run) => {
		let counted = 0;
		run.downstream.onEffect = (count) => {
			counted = count;
			if (count === 5) for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true });
		};
		await run.storm({ workers: 1, times: 2 });
		// Those that run take nothing for new: at most the runs that were under way have acted.
		expect(counted).toBe(5);
		expect(problemsOf(run)).toEqual(new Set(['unexpected']));
	});
});
