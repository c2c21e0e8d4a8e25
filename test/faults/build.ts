import {
	copyFileSync,
	mkdirSync,
	readFileSync,
	readdirSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '../..');

/** Compiles the library and the worker into a folder, so that a plain node runs them and starts in a moment. */
export function buildWorker(folder: string): {
	worker: string;
	budgetWorker: string;
	clockShift: string;
} {
	const sources = [
		...readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' }).map((name) =>
			join('lib', name),
		),
		'test/faults/broken-stores.ts',
		'test/faults/worker.ts',
		'test/faults/budget-worker.ts',
		'test/faults/worker-task.ts',
		'test/faults/clock-shift.ts',
	];
	for (const source of sources) {
		const target = join(folder, source.replace(/\.ts$/, '.js'));
		mkdirSync(dirname(target), { recursive: true });
		if (source.endsWith('.lua')) copyFileSync(join(ROOT, source), target);
		if (source.endsWith('.ts')) writeFileSync(target, transpile(join(ROOT, source)));
	}
	symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
	const built = (name: string) => join(folder, 'test/faults', name);
	return {
		worker: built('worker.js'),
		budgetWorker: built('budget-worker.js'),
		clockShift: built('clock-shift.js'),
	};
}

function transpile(file: string): string {
	return ts.transpileModule(readFileSync(file, 'utf8'), {
		compilerOptions: {
			module: ts.ModuleKind.CommonJS,
			target: ts.ScriptTarget.ES2022,
			esModuleInterop: true,
		},
	}).outputText;
}
