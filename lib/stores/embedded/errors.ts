import type { StoreProblem } from '../../core/reply';
import { StoreError } from '../../core/reply';

/** Primary result codes: https://www.sqlite.org/rescode.html */
const SQLITE = {
	PERM: 3,
	BUSY: 5,
	LOCKED: 6,
	READONLY: 8,
	IOERR: 10,
	CORRUPT: 11,
	FULL: 13,
	CANTOPEN: 14,
	TOOBIG: 18,
	CONSTRAINT: 19,
	MISMATCH: 20,
	NOTADB: 26,
} as const;

/** The file was moved or deleted while open (an extended code). */
const SQLITE_READONLY_DBMOVED = 1032;

const START_ANEW =
	'Restore it from a backup, or stop n8n and move it and its -wal and -shm files away: the store then begins empty and takes everything for new.';

/** Whether waiting may help: another process holds the file. */
export function isBusy(error: unknown): boolean {
	const code = primaryCodeOf(error);
	return code === SQLITE.BUSY || code === SQLITE.LOCKED;
}

/** Whether SQLite refused a value of this one row (a fraction, NaN, too long), and nothing else. */
export function isRefusedValue(error: unknown): boolean {
	const code = primaryCodeOf(error);
	return code === SQLITE.CONSTRAINT || code === SQLITE.TOOBIG || code === SQLITE.MISMATCH;
}

/** Says what went wrong with the file, and what to do about it. */
export function storeErrorOf(error: unknown, file: string): StoreError {
	if (error instanceof StoreError) return error;
	const failure = (problem: StoreProblem, message: string) =>
		new StoreError(problem, message, { cause: error });

	if (errcodeOf(error) === SQLITE_READONLY_DBMOVED) return replacedError(file);
	switch (primaryCodeOf(error) ?? systemCodeOf(error)) {
		case SQLITE.BUSY:
		case SQLITE.LOCKED:
			return failure('busy', `Another process kept the store ${file} locked for too long.`);
		case SQLITE.READONLY:
		case 'EROFS':
			return failure(
				'read_only',
				`The store ${file} can't be written: make the file and its folder writable for n8n.`,
			);
		case SQLITE.FULL:
		case 'ENOSPC':
		case 'EDQUOT':
			return failure('disk_full', `The disk of the store ${file} is full: free some space.`);
		case SQLITE.PERM:
		case SQLITE.CANTOPEN:
		case 'EACCES':
		case 'EPERM':
			return failure(
				'permission',
				`The store ${file} can't be opened: n8n needs to read and write this file and its folder.`,
			);
		case 'ENOTDIR':
		case 'EISDIR':
		case 'EEXIST':
			return failure(
				'configuration',
				`The store ${file} can't be made: that is not a file's path.`,
			);
		case SQLITE.NOTADB:
			return failure('configuration', `${file} is not a store of ours: choose another path.`);
		case SQLITE.CORRUPT:
			return failure('unexpected', `The store ${file} is damaged. ${START_ANEW}`);
		case SQLITE.IOERR:
			return failure('unexpected', `The disk failed under the store ${file}: ${wordsOf(error)}`);
		default:
			return failure('unexpected', `The store ${file} failed: ${wordsOf(error)}`);
	}
}

/** A new file in place of the one we know would take every duplicate for new. */
export function replacedError(file: string): StoreError {
	return new StoreError(
		'unexpected',
		`The file of the store ${file} was deleted, moved or replaced while it was open. Put it back and restart n8n; without it the store begins empty and takes everything for new.`,
	);
}

export function closedError(file: string): StoreError {
	return new StoreError('unreachable', `The store ${file} is closed.`);
}

function errcodeOf(error: unknown): number | undefined {
	const { errcode } = (error ?? {}) as { errcode?: unknown };
	return typeof errcode === 'number' ? errcode : undefined;
}

function primaryCodeOf(error: unknown): number | undefined {
	const code = errcodeOf(error);
	return code === undefined ? undefined : code & 0xff;
}

function systemCodeOf(error: unknown): string | undefined {
	const { code } = (error ?? {}) as { code?: unknown };
	return typeof code === 'string' ? code : undefined;
}

function wordsOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
