import {
	chmodSync,
	copyFileSync,
	existsSync,
	mkdirSync,
	readFileSync,
	readdirSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

import { transpile } from '../../scripts/lib/transpile.cjs';

const ROOT = resolve(__dirname, '../..');

/**
 * Compiles files of this package, and all that they import from it, into a folder, so that a plain Node runs them there and starts
 * in a moment. Any user may read the folder.
 *
 * @param sources paths from the root, e.g. `test/faults/worker.ts`
 * @returns the compiled files, in the same order
 */
export function compileInto(folder: string, sources: readonly string[]): string[] {
	for (const source of withImports(sources)) write(folder, source);
	const scripts = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' });
	for (const script of scripts.filter((name) => name.endsWith('.lua'))) {
		const target = madeFor(join(folder, 'lib', script));
		copyFileSync(join(ROOT, 'lib', script), target);
	}
	symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
	chmodSync(folder, 0o755);
	return sources.map((source) => join(folder, compiledName(source)));
}

const compiledName = (source: string): string => source.replace(/\.ts$/, '.js');

function write(folder: string, source: string): void {
	const target = madeFor(join(folder, compiledName(source)));
	writeFileSync(target, transpile(join(ROOT, source)));
}

function madeFor(file: string): string {
	mkdirSync(dirname(file), { recursive: true });
	return file;
}

/** The files, and all that they import from this package, as paths from the root. */
function withImports(sources: readonly string[]): Set<string> {
	const found = new Set(sources);
	for (const source of found) {
		const text = readFileSync(join(ROOT, source), 'utf8');
		for (const { fileName } of ts.preProcessFile(text).importedFiles) {
			if (fileName.startsWith('.')) found.add(moduleAt(join(dirname(source), fileName)));
		}
	}
	return found;
}

function moduleAt(path: string): string {
	return existsSync(join(ROOT, `${path}.ts`)) ? `${path}.ts` : `${path}/index.ts`;
}
