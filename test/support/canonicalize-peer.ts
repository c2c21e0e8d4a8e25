import { resolve } from 'node:path';
import { runInThisContext } from 'node:vm';

import { transpile } from '../../scripts/lib/transpile.cjs';

type Canonicalize = (value: unknown) => string | undefined;

/** npm canonicalize is ESM only and jest loads CommonJS: the package's own source, with its module syntax compiled. */
export function loadCanonicalize(): Canonicalize {
	const file = resolve(__dirname, '../../node_modules/canonicalize/lib/canonicalize.js');
	const exported: { default?: Canonicalize } = {};
	runInThisContext(`(function (exports) {${transpile(file)}\n})`)(exported);
	return exported.default!;
}
