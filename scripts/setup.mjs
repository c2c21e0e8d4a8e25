/**
 * What every npm script calls first: `node scripts/setup.mjs [redis] [postgres] [pgbouncer] [chromium] [n8n]`. It installs the packages of this checkout,
 * and the Node that everything else runs on. Needs only Node 20 and npm; silent and quick when there is nothing to do.
 */
import { plainError, runMain } from './lib/cleanup.mjs';
import { ensureCheckout } from './lib/checkout.mjs';
import { ensureN8n } from './lib/n8n-install.mjs';
import {
	ensureChromium,
	ensurePgBouncer,
	ensurePostgres,
	ensureRedisServer,
} from './lib/programs.mjs';

const PROGRAMS = {
	redis: ensureRedisServer,
	postgres: ensurePostgres,
	pgbouncer: ensurePgBouncer,
	chromium: ensureChromium,
};

await runMain(async () => {
	const names = process.argv.slice(2);
	const known = [...Object.keys(PROGRAMS), 'n8n'];
	const unknown = names.find((name) => !known.includes(name));
	if (unknown !== undefined) {
		throw plainError(`Unknown part "${unknown}"; there are: ${known.join(', ')}`);
	}
	// On a new machine both take minutes, and neither needs the other.
	await Promise.all([ensureCheckout(), names.includes('n8n') ? ensureN8n() : undefined]);
	for (const name of names) await PROGRAMS[name]?.();
});
