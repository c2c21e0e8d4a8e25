/**
 * `npm run fuzz`: random keys, payloads, headers and tokens against lib/ and against Guard and Commit on real stores, until the time is
 * over. Ends with a JSON line; on a failure says the seed and the smallest case, and exits with 1.
 */
import { parseArgs } from 'node:util';
import { onCleanup, plainError, runMain } from './lib/cleanup.mjs';
import { say } from './lib/log.mjs';
import { requireTypeScript } from './lib/typescript.mjs';

const USAGE = 'npm run fuzz -- [--seconds 60] [--seed 1]';
const PROGRESS_SECONDS = 5;

function readOptions() {
	let values;
	try {
		({ values } = parseArgs({
			options: {
				seconds: { type: 'string', default: '60' },
				seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
			},
		}));
	} catch (error) {
		throw plainError(`${error.message}\nUsage: ${USAGE}`);
	}
	const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
	if (!(seconds >= 0) || !Number.isInteger(seed)) throw plainError(`Usage: ${USAGE}`);
	return { seconds, seed };
}

await runMain(async () => {
	const { seconds, seed } = readOptions();
	// The tests' harness of n8n cleans up after itself by jest's hook.
	globalThis.afterAll = onCleanup;
	const { RedisServer } = requireTypeScript('test/stores/redis-server.ts');
	const { keyProperties } = requireTypeScript('test/fuzz/keys.ts');
	const { sealedProperties } = requireTypeScript('test/fuzz/sealed.ts');
	const { workflowProperties } = requireTypeScript('test/fuzz/workflows.ts');
	const { fuzz } = requireTypeScript('test/fuzz/fuzz.ts');

	const server = await RedisServer.start();
	onCleanup(async () => await server.stop());
	const properties = [...keyProperties, ...sealedProperties, ...workflowProperties(server)];
	say(`Fuzzing ${properties.length} properties for ${seconds} s, seed ${seed} …`);
	let saidAt = 0;
	const { report, failure } = await fuzz(properties, {
		seed,
		seconds,
		onProgress: (so) => {
			if (so.seconds - saidAt < PROGRESS_SECONDS) return;
			saidAt = so.seconds;
			say(`  ${so.cases} cases in ${Math.round(so.seconds)} s, no crash, no leak`);
		},
	});
	if (failure !== null) {
		say(`FAILED: ${failure.property}`);
		say(`Smallest case: ${failure.smallestCase}`);
		say(failure.error);
		say(`Again: npm run fuzz -- --seed ${failure.roundSeed} --seconds 0`);
	}
	process.stdout.write(`${JSON.stringify(report)}\n`);
	return failure === null ? 0 : 1;
});
