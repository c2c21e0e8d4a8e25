import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import type { RedisNode, RedisOptions } from '../../lib/stores/redis';
import { StoreError } from '../../lib/core/reply';

/** What the credential "Idempotency Redis API" says. @throws StoreError `configuration` for a list of nodes that can't be read. */
export function redisOptionsOf(credential: ICredentialDataDecryptedObject): RedisOptions {
	const deployment = deploymentOf(credential.deployment);
	return {
		deployment,
		...(deployment === 'standalone'
			? { host: textOf(credential.host), port: Number(credential.port) }
			: { nodes: nodesIn(textOf(credential.nodes)) }),
		...(deployment === 'sentinel'
			? {
					sentinelName: textOf(credential.sentinelName),
					sentinelPassword: textOf(credential.sentinelPassword),
				}
			: {}),
		...(deployment === 'cluster' ? {} : { database: Number(credential.database ?? 0) }),
		user: textOf(credential.user),
		password: textOf(credential.password),
		...(credential.tls === true
			? {
					tls: {
						ca: textOf(credential.ca) || undefined,
						cert: textOf(credential.cert) || undefined,
						key: textOf(credential.privateKey) || undefined,
						servername: textOf(credential.servername) || undefined,
					},
				}
			: {}),
		keyPrefix: textOf(credential.keyPrefix),
	};
}

function deploymentOf(value: unknown): RedisOptions['deployment'] {
	return value === 'sentinel' || value === 'cluster' ? value : 'standalone';
}

/** `redis-1:6379, [::1]:6380` */
function nodesIn(list: string): RedisNode[] {
	const nodes = list
		.split(/[\s,]+/)
		.filter((node) => node !== '')
		.map((node) => {
			const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(node) ?? [];
			const host = bracketed ?? plain;
			if (host === undefined) {
				throw new StoreError('configuration', `"${node}" in the list of nodes is not host:port`);
			}
			return { host, port: Number(port) };
		});
	if (nodes.length === 0) throw new StoreError('configuration', 'The list of nodes is empty');
	return nodes;
}

export function textOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}
