import type { ICredentialType, Icon, INodeProperties } from 'n8n-workflow';

import { secretProperties, tlsProperties } from '../nodes/shared/properties/store-credential';

export class IdempotencyPostgresApi implements ICredentialType {
	name = 'idempotencyPostgresApi';

	displayName = 'Idempotency PostgreSQL API';

	icon: Icon = {
		light: 'file:../nodes/IdempotencyGuard/guard.svg',
		dark: 'file:../nodes/IdempotencyGuard/guard.dark.svg',
	};

	documentationUrl =
		'https://github.com/n8n-nodes-idempotency/n8n-nodes-idempotency/blob/main/docs/postgres.md';

	properties: INodeProperties[] = [
		{
			displayName: 'Host',
			name: 'host',
			type: 'string',
			default: 'localhost',
			required: true,
			description:
				'A name or address, or all in one: postgres://user:password@db.example.com:5432/n8n. Parts that stand in it need not be filled in below. PgBouncer in transaction mode works as well.',
		},
		{
			displayName: 'Port',
			name: 'port',
			type: 'number',
			default: 5432,
			required: true,
		},
		{
			displayName: 'Database',
			name: 'database',
			type: 'string',
			default: 'postgres',
			required: true,
		},
		{
			displayName: 'User',
			name: 'user',
			type: 'string',
			default: '',
		},
		{
			displayName: 'Password',
			name: 'password',
			type: 'string',
			typeOptions: { password: true },
			default: '',
		},
		...tlsProperties,
		{
			displayName: 'Schema',
			name: 'schema',
			type: 'string',
			default: 'public',
			description: 'Where our tables are. It must exist, and the user may use it.',
		},
		{
			displayName: 'Table Prefix',
			name: 'prefix',
			type: 'string',
			default: 'idem_',
			description:
				'What the names of our tables begin with: letters, digits and _. Change it only while nothing is remembered.',
		},
		...secretProperties({ where: 'the database', read: 'the tables', prefix: 'Table Prefix' }),
	];
}
