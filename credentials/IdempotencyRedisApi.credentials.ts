import type { ICredentialType, Icon, INodeProperties } from 'n8n-workflow';

import { secretProperties, tlsProperties } from '../nodes/shared/properties/store-credential';

const showFor = (...deployments: string[]) => ({ show: { deployment: deployments } });

export class IdempotencyRedisApi implements ICredentialType {
	name = 'idempotencyRedisApi';

	displayName = 'Idempotency Redis API';

	icon: Icon = {
		light: 'file:../nodes/IdempotencyGuard/guard.svg',
		dark: 'file:../nodes/IdempotencyGuard/guard.dark.svg',
	};

	documentationUrl =
		'https://github.com/n8n-nodes-idempotency/n8n-nodes-idempotency/blob/main/docs/redis.md';

	properties: INodeProperties[] = [
		{
			displayName: 'Deployment',
			name: 'deployment',
			type: 'options',
			default: 'standalone',
			options: [
				{ name: 'Cluster', value: 'cluster' },
				{ name: 'Sentinel', value: 'sentinel' },
				{ name: 'Standalone', value: 'standalone' },
			],
		},
		{
			displayName: 'Host',
			name: 'host',
			type: 'string',
			default: 'localhost',
			required: true,
			description:
				'A name or address, or all in one: rediss://user:password@redis.example.com:6380/0. Parts that stand in it need not be filled in below.',
			displayOptions: showFor('standalone'),
		},
		{
			displayName: 'Port',
			name: 'port',
			type: 'number',
			default: 6379,
			required: true,
			displayOptions: showFor('standalone'),
		},
		{
			displayName: 'Nodes',
			name: 'nodes',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. redis-1:26379, redis-2:26379',
			description: 'The sentinels, or some nodes of the cluster: host:port, separated by commas',
			displayOptions: showFor('sentinel', 'cluster'),
		},
		{
			displayName: 'Sentinel Name',
			name: 'sentinelName',
			type: 'string',
			default: 'mymaster',
			required: true,
			description: 'The name that the sentinels know the primary by',
			displayOptions: showFor('sentinel'),
		},
		{
			displayName: 'Sentinel User',
			name: 'sentinelUser',
			type: 'string',
			default: '',
			description: 'Only where the sentinels have users of their own',
			displayOptions: showFor('sentinel'),
		},
		{
			displayName: 'Sentinel Password',
			name: 'sentinelPassword',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description: 'Only where the sentinels ask for one of their own',
			displayOptions: showFor('sentinel'),
		},
		{
			displayName: 'User',
			name: 'user',
			type: 'string',
			default: '',
			description: 'Leave empty unless Redis uses an access control list (ACL)',
		},
		{
			displayName: 'Password',
			name: 'password',
			type: 'string',
			typeOptions: { password: true },
			default: '',
		},
		{
			displayName: 'Database Number',
			name: 'database',
			type: 'number',
			default: 0,
			displayOptions: showFor('standalone', 'sentinel'),
		},
		...tlsProperties,
		{
			displayName: 'Key Prefix',
			name: 'keyPrefix',
			type: 'string',
			default: 'idem',
			description:
				'What all our keys in Redis begin with: letters, digits, -, _ and a colon. Change it only while nothing is remembered.',
		},
		...secretProperties({ where: 'Redis', read: 'Redis', prefix: 'Key Prefix' }),
	];
}
