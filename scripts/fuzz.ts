import { parseArgs } from 'node:util';

import { RedisServer } from '../test/support/redis-server';
import { onCleanup, plainError, runMain } from './lib/cleanup.mjs';
import { say } from './lib/log.mjs';

/**
 * `npm run fuzz`: random keys, payloads, headers and tokens against lib/ and against Guard and Commit on real stores, until the time is
 * over. Ends with a JSON line; on a failure says the seed and the smallest case, and exits with 1.
 */

const USAGE = 'npm run fuzz -- [--seconds 60] [--seed 1]';
const PROGRESS_SECONDS = 5;

function readArguments() {
	try {
		return parseArgs({
			options: {
				seconds: { type: 'string', default: '60' },
				seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
			},
		}).values;
	} catch (error) {
		throw plainError(`${(error as Error).message}\nUsage: ${USAGE}`);
	}
}

function readOptions(): { readonly seconds: number; readonly seed: number } {
	const values = readArguments();
	const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
	if (!(seconds >= 0) || !Number.isInteger(seed)) throw plainError(`Usage: ${USAGE}`);
	return { seconds, seed };
}

void runMain(async () => {
	const { seconds, seed } = readOptions();
	// n8n's engine cleans up after itself by jest's hook, which must be there before it is loaded.
	Object.assign(globalThis, { afterAll: onCleanup });
	const { keyProperties } = await import('../test/fuzz/keys');
	const { sealedProperties } = await import('../test/fuzz/sealed');
	const { workflowProperties } = await import('../test/fuzz/workflows');
	const { fuzz } = await import('../test/fuzz/fuzz');

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
