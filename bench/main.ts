import { parseArgs } from 'node:util';

import { correctness } from './correctness/correctness';
import { correctnessInN8n } from './correctness/in-n8n';
import { brokenPromises } from './correctness/promises';
import { growth } from './growth/growth';
import { writeBenchmarks } from './docs/benchmarks';
import { versionLines } from './docs/versions';
import { plainError } from '../scripts/lib/cleanup.mjs';
import { during, say } from '../scripts/lib/log.mjs';
import { fallenAfterTries } from './gate/gate';
import { NOTED } from './gate/noted';
import { profile } from './profile';
import { startBenchRedis } from './redis';
import { Report } from './report';
import { bigBody } from './rows/big-body';
import { canonicalJsonRow } from './rows/canonical-json';
import { claimFinish } from './rows/claim-finish';
import { claimBatch, claimSingle, sameContent } from './rows/claims';
import { edge } from './rows/edge';
import { embedded } from './rows/embedded';
import { guardInN8n, guardInQueue } from './rows/guard-in-n8n';
import { list } from './rows/list';
import { memory } from './rows/memory';
import { noisyTenant } from './rows/noisy-tenant';
import { postgres } from './rows/postgres';
import { settle } from './rows/settle';
import { stats } from './rows/stats';
import { wait } from './rows/wait';
import { Scale } from './scale';

/** Of an n8n in queue mode, besides its main process. */
const QUEUE_WORKERS = 2;

const USAGE = 'npm run bench -- [names, e.g. claim-batch] [--short] [--write-docs]';

interface Run {
	readonly report: Report;
	readonly scale: Scale;
	readonly redis: Awaited<ReturnType<typeof startBenchRedis>>;
}

const BENCHES: Readonly<Record<string, (run: Run) => Promise<void>>> = {
	'claim-batch': async ({ redis, report, scale }) => await claimBatch(redis, report, scale),
	'claim-single': async ({ redis, report, scale }) => await claimSingle(redis, report, scale),
	'same-content': async ({ redis, report, scale }) => await sameContent(redis, report, scale),
	'claim-finish': async ({ redis, report, scale }) => await claimFinish(redis, report, scale),
	'embedded-batch': async ({ report, scale }) => await embedded(report, scale, 'batch'),
	'embedded-single': async ({ report, scale }) => await embedded(report, scale, 'single'),
	'postgres-single': async ({ report, scale }) => await postgres(report, scale, 'single'),
	'postgres-batch': async ({ report, scale }) => await postgres(report, scale, 'batch'),
	'postgres-hot': async ({ report, scale }) => await postgres(report, scale, 'hot'),
	'canonical-json': async ({ report, scale }) => await canonicalJsonRow(report, scale),
	'guard-in-n8n': async ({ redis, report, scale }) => await guardInN8n(redis, report, scale),
	'guard-in-queue': async ({ redis, report, scale }) =>
		await guardInQueue(redis, report, scale, QUEUE_WORKERS),
	edge: async ({ redis, report, scale }) => await edge(redis, report, scale),
	'big-body': async ({ report, scale }) => await bigBody(report, scale),
	'noisy-tenant': async ({ report, scale }) => await noisyTenant(report, scale),
	wait: async ({ redis, report, scale }) => await wait(redis, report, scale),
	memory: async ({ redis, report, scale }) => await memory(redis, report, scale),
	list: async ({ redis, report, scale }) => await list(redis, report, scale),
	stats: async ({ redis, report, scale }) => await stats(redis, report, scale),
	settle: async ({ redis, report, scale }) => await settle(redis, report, scale),
	profile: async ({ redis, report }) => await profile(redis, report),
	growth: async ({ redis, report, scale }) => await growth(redis, report, scale),
	correctness: async ({ redis, report }) => await correctness(redis, report),
	'in-n8n': async ({ redis, report, scale }) => await correctnessInN8n(redis, report, scale),
	'in-queue': async ({ redis, report, scale }) =>
		await correctnessInN8n(redis, report, scale, QUEUE_WORKERS),
};

/** A short run leaves them out unless they are named: they start an n8n of their own. */
const NAMED_WHEN_SHORT: ReadonlySet<string> = new Set([
	'guard-in-queue',
	'in-queue',
	'big-body',
	'noisy-tenant',
]);

/**
 * `npm run bench`: runs the benches that are named, or all; each ends as JSON lines on stdout. The exit code is 1 where ours acted
 * more or less often than it should, and in a short run where a ratio has fallen by more than a third against the one noted for it. How fast
 * anything is by itself fails nothing, since machines differ.
 */
export async function bench(args: string[]): Promise<number> {
	const { names, isShort, writeDocs } = readArguments(args);
	const report = new Report((line) => process.stdout.write(`${line}\n`));
	const redis = await startBenchRedis();
	const run: Run = { report, redis, scale: new Scale(isShort) };
	const noted = isShort && !writeDocs ? NOTED : [];
	const fallen: string[] = [];
	for (const name of names) {
		const measure = async (before: readonly string[]) => {
			if (before.length > 0) say(`Once more, since a ratio has fallen:\n${before.join('\n')}`);
			const rows = report.rows.length;
			await during(name, async () => await BENCHES[name]?.(run));
			return report.rows.slice(rows);
		};
		fallen.push(...(await fallenAfterTries(noted, measure)));
	}
	const broken = [...brokenPromises(report.verdicts), ...fallen];
	if (broken.length > 0) throw plainError(broken.join('\n'));
	if (writeDocs) {
		await writeBenchmarks(report, await versionLines(redis));
		say('Wrote docs/benchmarks.md and its plots');
	}
	return 0;
}

function readArguments(args: string[]) {
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
		const isShort = values.short === true;
		const all = Object.keys(BENCHES).filter((name) => !(isShort && NAMED_WHEN_SHORT.has(name)));
		return { names: positionals.length === 0 ? all : positionals, isShort, writeDocs };
	} catch (error) {
		throw plainError(`${String((error as Error).message)}\nUsage: ${USAGE}`);
	}
}
