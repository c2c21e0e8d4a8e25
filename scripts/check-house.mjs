#!/usr/bin/env node
/**
 * Holds files to 300 lines: one concept a file. `node scripts/check-house.mjs [folder]` looks through the checkout, or through
 * the folder given. Borders between folders are ESLint's (`eslint.house.mjs`), import cycles madge's.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const MOST_LINES = 300;

const FOLDERS = ['lib', 'nodes', 'credentials', 'test', 'bench', 'scripts'];
const CODE = /\.(ts|lua|mjs|cjs)$/;

/** Tables of data: one row after the other, and nothing to split them by. */
const TABLES = new Set([
	// How each sender signs.
	'lib/senders/signatures/sender-signatures.ts',
]);

const root = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));

function* codeIn(folder) {
	for (const entry of readdirSync(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) {
			if (entry.name !== 'node_modules') yield* codeIn(path);
		} else if (CODE.test(entry.name)) {
			yield path;
		}
	}
}

function lengthOf(file) {
	const text = readFileSync(file, 'utf8');
	return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

const present = new Set(readdirSync(root));
const lengths = new Map(
	FOLDERS.filter((folder) => present.has(folder))
		.flatMap((folder) => [...codeIn(join(root, folder))])
		.map((file) => [relative(root, file).split(sep).join('/'), lengthOf(file)]),
);

const problems = [];
for (const [file, length] of lengths) {
	if (length > MOST_LINES && !TABLES.has(file)) {
		problems.push(`${file} has ${length} lines. Split it: ${MOST_LINES} are the most.`);
	}
}
if (process.argv[2] === undefined) {
	for (const file of TABLES) {
		if (lengths.has(file) && lengths.get(file) > MOST_LINES) continue;
		problems.push(
			`${file} is short now, or gone. Remove it from the list in scripts/check-house.mjs.`,
		);
	}
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
