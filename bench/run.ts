import { runMain } from '../scripts/lib/cleanup.mjs';
import { bench } from './main';

/** `npm run bench -- [names] [--short] [--write-docs]`: see main.ts. */

process.removeAllListeners('warning');
// What a peer logs must not get among the results.
console.log = console.error;

void runMain(async () => await bench(process.argv.slice(2)));
