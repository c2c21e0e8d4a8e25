import type { ICredentialType, Icon, INodeProperties } from 'n8n-workflow';

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
			description: 'A name or address. PgBouncer in transaction mode works as well.',
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
			required: true,
		},
		{
			displayName: 'Password',
			name: 'password',
			type: 'string',
			typeOptions: { password: true },
			default: '',
		},
		{
			displayName: 'Use TLS',
			name: 'tls',
			type: 'boolean',
			default: false,
			description: 'Whether to encrypt the connection and check the certificate of the server',
		},
		{
			displayName: 'CA Certificate',
			name: 'ca',
			type: 'string',
			typeOptions: { rows: 4 },
			default: '',
			placeholder: 'e.g. -----BEGIN CERTIFICATE-----',
			description: 'Only where the server has a certificate of your own authority',
			displayOptions: { show: { tls: [true] } },
		},
		{
			displayName: 'Client Certificate',
			name: 'cert',
			type: 'string',
			typeOptions: { password: true, rows: 4 },
			default: '',
			description: 'Only where the server asks for one',
			displayOptions: { show: { tls: [true] } },
		},
		{
			displayName: 'Client Key',
			name: 'privateKey',
			type: 'string',
			typeOptions: { password: true, rows: 4 },
			default: '',
			description: 'The private key of the client certificate',
			displayOptions: { show: { tls: [true] } },
		},
		{
			displayName: 'Server Name',
			name: 'servername',
			type: 'string',
			default: '',
			description: 'The name in the certificate of the server, where it is not the host',
			displayOptions: { show: { tls: [true] } },
		},
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
		{
			displayName: 'Secret',
			name: 'secret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description:
				'Encrypts stored results and hides keys in the database. Any long random text. Empty: results are readable for whoever can read the tables. To set one where there was none, choose another "Table Prefix" as well. If you lose it, duplicates can no longer be answered.',
		},
		{
			displayName: 'Previous Secret',
			name: 'previousSecret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description:
				'After changing the secret: the old one, until its records have expired. Without it nothing is let through, since what was handled before would count as new.',
		},
	];
}
