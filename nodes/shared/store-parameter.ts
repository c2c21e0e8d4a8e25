import type { INodeProperties } from 'n8n-workflow';

/** Where claims are kept. Guard and Commit of one workflow must say the same. */
export const STORE_PROPERTY: INodeProperties = {
	displayName: 'Store',
	name: 'store',
	type: 'options',
	noDataExpression: true,
	default: 'embedded',
	description: 'Where requests are remembered. Guard and Commit must use the same store.',
	options: [
		{
			name: 'PostgreSQL',
			value: 'postgres',
			description: 'Shared by all n8n processes. May be the database that n8n uses itself.',
		},
		{
			name: 'Redis',
			value: 'redis',
			description: 'Shared by all n8n processes. The fastest where there are many.',
		},
		{
			// eslint-disable-next-line n8n-nodes-base/node-param-display-name-miscased -- n8n writes its name so
			name: 'This n8n Instance',
			value: 'embedded',
			description:
				"A file in n8n's own folder. Nothing to set up, but not for queue mode: use Redis or PostgreSQL there.",
		},
	],
};

/** How the panel names a store. */
export function storeTitle(kind: unknown): string {
	const options = STORE_PROPERTY.options as ReadonlyArray<{ name: string; value: unknown }>;
	return options.find(({ value }) => value === kind)?.name ?? String(kind);
}
