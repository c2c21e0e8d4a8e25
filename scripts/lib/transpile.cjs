const { readFileSync } = require('node:fs');
const ts = require('typescript');

/**
 * The only place that turns TypeScript (or an ES module) into what a plain Node runs: CommonJS, types dropped and not checked.
 *
 * @param {string} file
 * @returns {string} JavaScript
 */
exports.transpile = (file) =>
	ts.transpileModule(readFileSync(file, 'utf8'), {
		fileName: file,
		compilerOptions: {
			module: ts.ModuleKind.CommonJS,
			target: ts.ScriptTarget.ES2022,
			esModuleInterop: true,
		},
	}).outputText;
