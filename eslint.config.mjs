import { configWithoutCloudSupport } from '@n8n/node-cli/eslint';

export default [
	...configWithoutCloudSupport,
	{
		// Tests start real servers and workers, and kill them. None of it is in the package.
		files: ['test/**/*.ts'],
		rules: { '@n8n/community-nodes/no-dangerous-functions': 'off' },
	},
	{
		// The one override for what ships. A store needs a Redis client and KSUIDs a well-kept encoder; both are bundled
		// with the package (bundleDependencies), so what users install is what was tested.
		files: ['package.json'],
		rules: { '@n8n/community-nodes/no-runtime-dependencies': 'off' },
	},
];
