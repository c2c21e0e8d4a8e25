/** The checkout this file belongs to, and its packages. */
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';
import { during } from './log.mjs';
import { ensureNodeIn, nodeWorksIn } from './node.mjs';
import { misfitOfNodeModules } from './packages.mjs';
import { run } from './processes.mjs';

/** The root folder of the checkout. */
export const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

const isReady = async () =>
	(await misfitOfNodeModules(CHECKOUT)) === undefined && (await nodeWorksIn(CHECKOUT));

/** Installs what package-lock.json asks for, and Node 24, where they are not there yet. */
export async function ensureCheckout() {
	if (await isReady()) return;
	const id = createHash('sha256').update(CHECKOUT).digest('hex').slice(0, 16);
	const lock = join(tmpdir(), `n8n-nodes-idempotency-setup-${id}.lock`);
	await withLock(lock, 'it installs the packages of this checkout', async () => {
		const misfit = await misfitOfNodeModules(CHECKOUT);
		if (misfit !== undefined) {
			// Not `npm ci`: it refuses a lock file without the optional packages of other platforms, which some registries lack.
			const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
			await during(`Installing the packages of package-lock.json (${misfit})`, () =>
				run('npm', args, { cwd: CHECKOUT }),
			);
		}
		await ensureNodeIn(CHECKOUT);
	});
}
