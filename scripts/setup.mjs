/**
 * What every npm script calls first: `node scripts/setup.mjs [redis] [chromium]`.
 * Needs only Node 20 and npm; silent and quick when there is nothing to do.
 */
import { plainError, runMain } from './lib/cleanup.mjs';
import { ensureCheckout } from './lib/checkout.mjs';
import { ensureChromium } from './lib/editor.mjs';
import { ensureRedisServer } from './lib/redis.mjs';

const PARTS = { redis: ensureRedisServer, chromium: ensureChromium };

await runMain(async () => {
	const names = process.argv.slice(2);
	const unknown = names.find((name) => !Object.hasOwn(PARTS, name));
	if (unknown !== undefined) {
		throw plainError(`Unknown part "${unknown}"; there are: ${Object.keys(PARTS).join(', ')}`);
	}
	await ensureCheckout();
	for (const name of names) await PARTS[name]();
});
