import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';

import type { FaultRow } from '../test/faults/report';
import { CHECKOUT } from './lib/checkout.mjs';
import { plainError, runMain, temporaryFolder } from './lib/cleanup.mjs';
import { runE2eTests } from './lib/e2e';
import { faultsIn, labelOf, markdownTable, terminalTable, withTable } from './lib/faults-table';
import { say } from './lib/log.mjs';
import { ensureN8n } from './lib/n8n-install.mjs';
import { environmentWithNode } from './lib/node.mjs';
import { buildAndPack } from './lib/tarball';

/**
 * `npm run test:faults`: the tests of test/faults, then a table of what each fault did, then a JSON line
 * `{"faults":…,"runs":…,"violations":0,"unprotected":[…]}`. Fails where a test fails, and where docs/evidence.md lists other
 * faults; `-- --write-docs` writes its table. `-- workflows` runs whole workflows in a real n8n alone, `-- workflows unknowns` one file
 * of them. Other arguments go to jest; then the docs are not looked at.
 */

const EVIDENCE = join(CHECKOUT, 'docs/evidence.md');

/** Whole workflows in a real n8n. */
async function runWorkflows(report: string, files: readonly string[]): Promise<number> {
	const install = await ensureN8n();
	const folder = await temporaryFolder('idempotency-faults-n8n');
	// PostgreSQL runs as a user of its own, and its files are further down.
	await chmod(folder, 0o755);
	const tarball = await buildAndPack(folder);
	process.env.FAULTS_REPORT = report;
	return await runE2eTests(folder, { install, tarball }, [
		...files,
		'--testMatch',
		'<rootDir>/test/e2e/faults/*.test.ts',
	]);
}

async function runTests(report: string, args: readonly string[]): Promise<number> {
	const jest = spawn('jest', ['--verbose', ...(args.length > 0 ? args : ['test/faults'])], {
		cwd: CHECKOUT,
		env: { ...environmentWithNode(CHECKOUT), FAULTS_REPORT: report },
		stdio: 'inherit',
	});
	const [code] = (await once(jest, 'close')) as [number | null];
	return code ?? 1;
}

type PlacedRow = FaultRow & { readonly file: string; readonly place: number };

function rowsIn(report: string): PlacedRow[] {
	const rows = readdirSync(report).map(
		(name) => JSON.parse(readFileSync(join(report, name), 'utf8')) as PlacedRow,
	);
	return rows.sort((a, b) => a.file.localeCompare(b.file) || a.place - b.place);
}

function checkDocs(rows: readonly FaultRow[]): void {
	const listed = faultsIn(readFileSync(EVIDENCE, 'utf8'));
	const seen = rows.map(labelOf);
	const differing = [
		...seen.filter((label) => !listed.includes(label)).map((label) => `not listed: ${label}`),
		...listed.filter((label) => !seen.includes(label)).map((label) => `not met: ${label}`),
	];
	if (differing.length === 0) return;
	throw plainError(
		`docs/evidence.md has another list of faults:\n  ${differing.join('\n  ')}\nRun: npm run test:faults -- --write-docs`,
	);
}

void runMain(async () => {
	const args = process.argv.slice(2).filter((arg) => arg !== '--write-docs');
	const writes = process.argv.includes('--write-docs');
	if (writes && args.length > 0) throw plainError('The docs list all faults: name no tests.');

	const report = await temporaryFolder('idempotency-faults');
	say('Workers, servers and networks that are killed, stopped and cut: some 10 minutes');
	const onlyWorkflows = args[0] === 'workflows';
	let code = onlyWorkflows ? 0 : await runTests(report, args);
	if (args.length === 0 || onlyWorkflows)
		code = (await runWorkflows(report, args.slice(1))) || code;
	const rows = rowsIn(report);
	process.stdout.write(`\n${terminalTable(rows)}\n\n`);

	const sum = (count: (row: FaultRow) => number) =>
		rows.reduce((total, row) => total + count(row), 0);
	const result = {
		faults: rows.length,
		runs: sum(({ runs }) => runs),
		violations: sum(({ violations }) => violations),
		unprotected: rows.filter(({ unprotected }) => (unprotected ?? 0) > 0).map(({ fault }) => fault),
	};
	if (code === 0 && writes) {
		const text = readFileSync(EVIDENCE, 'utf8');
		writeFileSync(EVIDENCE, withTable(text, markdownTable(rows)));
	}
	if (code === 0 && args.length === 0) checkDocs(rows);
	process.stdout.write(`${JSON.stringify(result)}\n`);
	return code === 0 && result.violations === 0 ? 0 : 1;
});
