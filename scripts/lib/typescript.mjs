/** Lets a script use the package's TypeScript as it stands, without a build. Needs an installed checkout. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);

/** Loads a TypeScript module as CommonJS, and with it whatever it imports. `path` is relative to the checkout. */
export function requireTypeScript(path) {
	const require = createRequire(import.meta.url);
	const ts = require('typescript');
	if (require.extensions['.ts'] === undefined) {
		// Before the others: "Guard.node" is to mean Guard.node.ts, and not the Guard.node.json beside it.
		const others = Object.entries(require.extensions);
		for (const [extension] of others) delete require.extensions[extension];
		require.extensions['.ts'] = (module, file) => compile(ts, module, file);
		Object.assign(require.extensions, Object.fromEntries(others));
	}
	return require(fileURLToPath(new URL(path, ROOT)));
}

function compile(ts, module, file) {
	const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
		fileName: file,
		compilerOptions: {
			module: ts.ModuleKind.CommonJS,
			target: ts.ScriptTarget.ES2022,
			esModuleInterop: true,
		},
	});
	module._compile(outputText, file);
}
