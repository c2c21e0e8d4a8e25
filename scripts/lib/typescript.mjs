/** Lets a script use the package's TypeScript as it stands, without a build. Needs an installed checkout. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);

/** Loads a TypeScript module as CommonJS, and with it whatever it imports. `path` is relative to the checkout. */
export function requireTypeScript(path) {
	const require = createRequire(import.meta.url);
	const ts = require('typescript');
	require.extensions['.ts'] ??= (module, file) => {
		const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
			fileName: file,
			compilerOptions: {
				module: ts.ModuleKind.CommonJS,
				target: ts.ScriptTarget.ES2022,
				esModuleInterop: true,
			},
		});
		module._compile(outputText, file);
	};
	return require(fileURLToPath(new URL(path, ROOT)));
}
