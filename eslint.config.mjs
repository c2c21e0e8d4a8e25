import { configWithoutCloudSupport } from '@n8n/node-cli/eslint';

export default [
	...configWithoutCloudSupport,
	{
		// The one override. A store needs a Redis client and KSUIDs a well-kept encoder; both are bundled
		// with the package (bundleDependencies), so what users install is what was tested.
		files: ['package.json'],
		rules: { '@n8n/community-nodes/no-runtime-dependencies': 'off' },
	},
];
