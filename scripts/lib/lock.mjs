import { mkdir, open, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { say } from './log.mjs';
import { onCleanup } from './cleanup.mjs';

const BEAT_MS = 3_000;
const STALE_MS = 20_000;

/**
 * Runs work while no other process does work under the same lock. The holder touches the lock file while it lives, so that
 * a lock left by a killed process is seen to be stale, also from another container that shares the folder.
 *
 * @param {string} file the lock file
 * @param {string} waitingFor told to the user when another process holds the lock
 * @param {() => Promise<T>} work
 * @template T
 * @returns {Promise<T>}
 */
export async function withLock(file, waitingFor, work) {
	await acquire(file, waitingFor);
	const beat = setInterval(() => {
		const now = new Date();
		utimes(file, now, now).catch(() => {});
	}, BEAT_MS);
	const release = onCleanup(async () => {
		clearInterval(beat);
		await rm(file, { force: true });
	});
	try {
		return await work();
	} finally {
		await release();
	}
}

async function acquire(file, waitingFor) {
	await mkdir(dirname(file), { recursive: true });
	let lastSaid = -Infinity;
	for (;;) {
		try {
			await (await open(file, 'wx')).close();
			return;
		} catch (error) {
			if (error.code !== 'EEXIST') throw error;
		}
		if (await isStale(file)) {
			await rm(file, { force: true });
			continue;
		}
		if (performance.now() - lastSaid > 8_000) {
			lastSaid = performance.now();
			say(`Waiting for another run: ${waitingFor} …`);
		}
		await new Promise((resolve) => setTimeout(resolve, 500));
	}
}

async function isStale(file) {
	try {
		return Date.now() - (await stat(file)).mtimeMs > STALE_MS;
	} catch (error) {
		if (error.code === 'ENOENT') return false;
		throw error;
	}
}
