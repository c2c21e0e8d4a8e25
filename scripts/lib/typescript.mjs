/** Lets a script use the package's TypeScript as it stands, without a build. Needs an installed checkout. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);

/** Loads a TypeScript module as CommonJS, and with it whatever it imports. `path` is relative to the checkout. */
export function requireTypeScript(path) {
	const require = createRequire(import.meta.url);
	const { transpile } = require('./transpile.cjs');
	if (require.extensions['.ts'] === undefined) {
		// Before the others: "Guard.node" is to mean Guard.node.ts, and not the Guard.node.json beside it.
		const others = Object.entries(require.extensions);
		for (const [extension] of others) delete require.extensions[extension];
		require.extensions['.ts'] = (module, file) => module._compile(transpile(file), file);
		Object.assign(require.extensions, Object.fromEntries(others));
	}
	return require(fileURLToPath(new URL(path, ROOT)));
}
