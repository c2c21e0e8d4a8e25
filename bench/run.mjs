/**
 * `npm run bench -- [names] [--short] [--write-docs]`: see main.ts. The npm script has installed packages and Redis before, and
 * runs this on Node 24.
 */
import { setFlagsFromString } from 'node:v8';
import { CHECKOUT } from '../scripts/lib/checkout.mjs';
import { onCleanup, plainError, runMain, temporaryFolder } from '../scripts/lib/cleanup.mjs';
import { startDownstream } from '../scripts/lib/downstream.mjs';
import { redisCredential } from '../scripts/lib/example.mjs';
import { during, say } from '../scripts/lib/log.mjs';
import { ensureN8n } from '../scripts/lib/n8n-install.mjs';
import { runN8n, startN8n, waitForWebhook } from '../scripts/lib/n8n.mjs';
import { startRedis } from '../scripts/lib/redis.mjs';
import { fireStorm } from '../scripts/lib/storm.mjs';
import { buildAndPack, installTarball } from '../scripts/lib/tarball.mjs';
import { requireTypeScript } from '../scripts/lib/typescript.mjs';

// For collectGarbage of measure.ts: what one side leaves is not the other's to clear.
setFlagsFromString('--expose-gc');
process.removeAllListeners('warning');
// What a peer logs must not get among the results.
console.log = console.error;

const host = {
	...{ checkout: CHECKOUT, onCleanup, plainError, temporaryFolder, during, say },
	...{ startRedis, startDownstream, fireStorm },
	...{ ensureN8n, runN8n, startN8n, waitForWebhook, redisCredential, installTarball, buildAndPack },
	loadVega: async () => ({ vega: await import('vega'), vegaLite: await import('vega-lite') }),
};

await runMain(async () => {
	const { bench } = requireTypeScript('bench/main.ts');
	return await bench(process.argv.slice(2), host);
});
