import { configWithoutCloudSupport } from '@n8n/node-cli/eslint';
import { houseRules } from './eslint.house.mjs';

export default [
	...configWithoutCloudSupport,
	...houseRules,
	{
		// They start real servers and workers, and kill them, and are no nodes. None of it is in the package.
		files: ['test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'],
		rules: {
			'@n8n/community-nodes/no-dangerous-functions': 'off',
			'@n8n/community-nodes/require-node-api-error': 'off',
			'no-console': 'off',
		},
	},
	{
		// The SDK names its files by a pattern in "exports", which the rule's resolver can't read.
		files: ['test/e2e/*.ts'],
		rules: { 'import-x/no-unresolved': ['error', { ignore: ['^@modelcontextprotocol/sdk/'] }] },
	},
	{
		// The door takes the credentials that n8n's own Webhook takes: users have them already. It registers itself nowhere else.
		files: ['nodes/IdempotentWebhook/IdempotentWebhook.node.ts'],
		rules: {
			'@n8n/community-nodes/no-credential-reuse': 'off',
			'@n8n/community-nodes/valid-credential-references': 'off',
			'@n8n/community-nodes/webhook-lifecycle-complete': 'off',
		},
	},
	{
		// What ships: a store needs a Redis client, KSUIDs a well-kept encoder, and the door verifies JWTs; all are bundled
		// with the package (bundleDependencies), so what users install is what was tested.
		files: ['package.json'],
		rules: { '@n8n/community-nodes/no-runtime-dependencies': 'off' },
	},
];
