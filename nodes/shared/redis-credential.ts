import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import type { RedisOptions } from '../../lib/stores/redis';
import { redisOptionsFrom } from '../../lib/stores/redis';

/** What the credential "Idempotency Redis API" says. @throws StoreError `configuration`, which quotes nothing of an address. */
export function redisOptionsOf(credential: ICredentialDataDecryptedObject): RedisOptions {
	return redisOptionsFrom({
		deployment: deploymentOf(credential.deployment),
		host: textOf(credential.host),
		port: Number(credential.port ?? 6379),
		nodes: textOf(credential.nodes),
		sentinelName: textOf(credential.sentinelName),
		sentinelUser: textOf(credential.sentinelUser),
		sentinelPassword: textOf(credential.sentinelPassword),
		user: textOf(credential.user),
		password: textOf(credential.password),
		database: Number(credential.database ?? 0),
		tls:
			credential.tls === true
				? {
						ca: textOf(credential.ca).trim() || undefined,
						cert: textOf(credential.cert).trim() || undefined,
						key: textOf(credential.privateKey).trim() || undefined,
						servername: textOf(credential.servername).trim() || undefined,
					}
				: undefined,
		keyPrefix: textOf(credential.keyPrefix),
	});
}

function deploymentOf(value: unknown): RedisOptions['deployment'] {
	return value === 'sentinel' || value === 'cluster' ? value : 'standalone';
}

export function textOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}
