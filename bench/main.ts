import { parseArgs } from 'node:util';

import { correctness } from './correctness/correctness';
import { correctnessInN8n } from './correctness/in-n8n';
import { brokenPromises } from './correctness/promises';
import { growth } from './growth/growth';
import { writeBenchmarks } from './docs/benchmarks';
import { versionLines } from './docs/versions';
import type { Host } from './host';
import { profile } from './profile';
import { startBenchRedis } from './redis';
import { Report } from './report';
import { canonicalJsonRow } from './rows/canonical-json';
import { claimFinish } from './rows/claim-finish';
import { claimBatch, claimSingle } from './rows/claims';
import { edge } from './rows/edge';
import { embedded } from './rows/embedded';
import { guardInN8n } from './rows/guard-in-n8n';
import { list } from './rows/list';
import { memory } from './rows/memory';
import { stats } from './rows/stats';
import { wait } from './rows/wait';
import { Scale } from './scale';

const USAGE = 'npm run bench -- [names, e.g. claim-batch] [--short] [--write-docs]';

interface Run {
	readonly host: Host;
	readonly report: Report;
	readonly scale: Scale;
	readonly redis: Awaited<ReturnType<typeof startBenchRedis>>;
}

const BENCHES: Readonly<Record<string, (run: Run) => Promise<void>>> = {
	'claim-batch': async ({ redis, report, scale }) => await claimBatch(redis, report, scale),
	'claim-single': async ({ redis, report, scale }) => await claimSingle(redis, report, scale),
	'claim-finish': async ({ host, redis, report, scale }) =>
		await claimFinish(host, redis, report, scale),
	'embedded-batch': async ({ host, report, scale }) => await embedded(host, report, scale, 'batch'),
	'embedded-single': async ({ host, report, scale }) =>
		await embedded(host, report, scale, 'single'),
	'canonical-json': async ({ report, scale }) => await canonicalJsonRow(report, scale),
	'guard-in-n8n': async ({ host, redis, report, scale }) =>
		await guardInN8n(host, redis, report, scale),
	edge: async ({ host, redis, report, scale }) => await edge(host, redis, report, scale),
	wait: async ({ host, redis, report, scale }) => await wait(host, redis, report, scale),
	memory: async ({ redis, report, scale }) => await memory(redis, report, scale),
	list: async ({ host, redis, report, scale }) => await list(host, redis, report, scale),
	stats: async ({ redis, report, scale }) => await stats(redis, report, scale),
	profile: async ({ host, redis, report }) => await profile(host, redis, report),
	growth: async ({ host, redis, report, scale }) => await growth(host, redis, report, scale),
	correctness: async ({ host, redis, report, scale }) => {
		await correctness(host, redis, report);
		await correctnessInN8n(host, redis, report, scale);
	},
};

/**
 * `npm run bench`: runs the benches that are named, or all; each ends as JSON lines on stdout. The exit code is 1 where ours acted
 * more or less often than it should; how fast anything is fails nothing, since machines differ.
 */
export async function bench(args: string[], host: Host): Promise<number> {
	const { names, isShort, writeDocs } = readArguments(args, host);
	const report = new Report((line) => process.stdout.write(`${line}\n`));
	const redis = await startBenchRedis(host);
	const run: Run = { host, report, redis, scale: new Scale(isShort) };
	for (const name of names) await host.during(name, async () => await BENCHES[name]?.(run));
	const broken = brokenPromises(report.verdicts);
	if (broken.length > 0) throw host.plainError(broken.join('\n'));
	if (writeDocs) {
		await writeBenchmarks(host, report, await versionLines(host.checkout, redis));
		host.say('Wrote docs/benchmarks.md and its plots');
	}
	return 0;
}

function readArguments(args: string[], host: Host) {
	const options = { short: { type: 'boolean' }, 'write-docs': { type: 'boolean' } } as const;
	try {
		const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
		const unknown = positionals.find((name) => !Object.hasOwn(BENCHES, name));
		if (unknown !== undefined) {
			throw new Error(`Unknown bench "${unknown}"; there are: ${Object.keys(BENCHES).join(', ')}`);
		}
		const writeDocs = values['write-docs'] === true;
		if (writeDocs && positionals.length > 0) {
			throw new Error('--write-docs writes what a whole run found: it takes no names');
		}
		const names = positionals.length === 0 ? Object.keys(BENCHES) : positionals;
		return { names, isShort: values.short === true, writeDocs };
	} catch (error) {
		throw host.plainError(`${String((error as Error).message)}\nUsage: ${USAGE}`);
	}
}
