/** A process that handles one delivery: see worker.ts. */
import { requireTypeScript } from '../../scripts/lib/typescript.mjs';

process.removeAllListeners('warning');
// What a peer logs must not get among the results.
console.log = console.error;
const { work } = requireTypeScript('bench/correctness/worker.ts');
await work(JSON.parse(process.argv[2]));
process.exit(0);
