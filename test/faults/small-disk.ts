import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** A disk of `bytes` at `folder`, in memory; false where this user may not mount one. */
export function mountSmallDisk(folder: string, bytes: number): boolean {
	mkdirSync(folder, { recursive: true });
	try {
		execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], {
			stdio: 'ignore',
		});
		return true;
	} catch {
		return false;
	}
}

export function unmount(folder: string): void {
	execFileSync('umount', [folder]);
}
