import type { INodeProperties } from 'n8n-workflow';

/** What the credentials of all servers ask for. */

const withTls = { show: { tls: [true] } };

export const tlsProperties: readonly INodeProperties[] = [
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
		displayOptions: withTls,
	},
	{
		displayName: 'Client Certificate',
		name: 'cert',
		type: 'string',
		typeOptions: { password: true, rows: 4 },
		default: '',
		description: 'Only where the server asks for one',
		displayOptions: withTls,
	},
	{
		displayName: 'Client Key',
		name: 'privateKey',
		type: 'string',
		typeOptions: { password: true, rows: 4 },
		default: '',
		description: 'The private key of the client certificate',
		displayOptions: withTls,
	},
	{
		displayName: 'Server Name',
		name: 'servername',
		type: 'string',
		default: '',
		description: 'The name in the certificate of the server, where it is not the host',
		displayOptions: withTls,
	},
];

/** @param words where keys stand, what somebody reads who reads results, and the field by which another store is chosen */
export function secretProperties(words: {
	readonly where: string;
	readonly read: string;
	readonly prefix: string;
}): INodeProperties[] {
	const { where, read, prefix } = words;
	return [
		{
			displayName: 'Secret',
			name: 'secret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description: `Encrypts stored results and hides keys in ${where}. A long random text of at least 16 characters. Empty: results are readable for whoever can read ${read}. To set one where there was none, choose another "${prefix}" as well. If you lose it, duplicates can no longer be answered.`,
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
