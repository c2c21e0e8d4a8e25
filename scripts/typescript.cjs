/**
 * Lets Node run this package's TypeScript as it stands: `node -r ./scripts/typescript.cjs scripts/demo.ts`. It needs what
 * scripts/setup.mjs installs: the packages, and the Node of node_modules/.bin.
 */
const { Module } = require('node:module');
const { transpile } = require('./lib/transpile.cjs');

// Before the others: "Guard.node" is to mean Guard.node.ts, and not the Guard.node.json beside it.
const others = Object.entries(Module._extensions);
for (const [extension] of others) delete Module._extensions[extension];
Module._extensions['.ts'] = (module, file) => module._compile(transpile(file), file);
for (const [extension, load] of others) Module._extensions[extension] ??= load;
