import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { attempt } from '../../core/attempt';
import { replacedError } from './errors';

/**
 * Makes the file for its owner alone, before SQLite opens it; -wal and -shm get the mode of the file. One that is there, from a backup or
 * a copy, loses what others may do with it; who does not own it leaves it as it is.
 *
 * An existing file is not opened here: closing it again would drop the locks that this process holds on it
 * (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
export function makePrivateFile(file: string): void {
	mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
	const made = attempt(() => closeSync(openSync(file, 'wx', 0o600)));
	if (made.ok) return;
	if ((made.error as NodeJS.ErrnoException).code !== 'EEXIST') throw made.error;
	for (const suffix of ['', '-wal', '-shm']) attempt(() => keepToOwner(file + suffix));
}

function keepToOwner(file: string): void {
	const { mode } = statSync(file);
	if ((mode & OF_OTHERS) !== 0) chmodSync(file, mode & 0o777 & ~OF_OTHERS);
}

const OF_OTHERS = 0o077;

/** Makes the names of new files in the folder survive a power cut, where the system can. */
export function syncFolderOf(file: string): void {
	// Windows can't open a folder, and needs no such call.
	attempt(() => {
		const folder = openSync(dirname(file), 'r');
		try {
			fsyncSync(folder);
		} finally {
			closeSync(folder);
		}
	});
}

/** Tells the file at a path from another that took its place. */
export class FileWitness {
	private readonly known: string;

	constructor(private readonly file: string) {
		this.known = this.look();
	}

	/** @throws StoreError when the file is gone or another */
	check(): void {
		if (this.look() !== this.known) throw replacedError(this.file);
	}

	private look(): string {
		const stats = statSync(this.file, { throwIfNoEntry: false });
		return stats === undefined ? '' : `${stats.dev}:${stats.ino}`;
	}
}
