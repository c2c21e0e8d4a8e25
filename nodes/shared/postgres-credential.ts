import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import type { PostgresOptions } from '../../lib/stores/postgres';
import { postgresOptionsFrom } from '../../lib/stores/postgres';
import { textOf } from './redis-credential';

/** What the credential "Idempotency PostgreSQL API" says. @throws StoreError `configuration`, which quotes nothing of an address. */
export function postgresOptionsOf(credential: ICredentialDataDecryptedObject): PostgresOptions {
	return postgresOptionsFrom({
		host: textOf(credential.host),
		port: Number(credential.port ?? 5432),
		database: textOf(credential.database),
		user: textOf(credential.user),
		password: textOf(credential.password),
		schema: textOf(credential.schema).trim(),
		prefix: textOf(credential.prefix).trim(),
		...(credential.tls === true && {
			tls: {
				ca: textOf(credential.ca).trim() || undefined,
				cert: textOf(credential.cert).trim() || undefined,
				key: textOf(credential.privateKey).trim() || undefined,
				servername: textOf(credential.servername).trim() || undefined,
			},
		}),
	});
}
