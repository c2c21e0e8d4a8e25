import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { WorkflowJson } from '../../test/support/engine/workflow';
import { CHECKOUT } from './checkout.mjs';
import { plainError } from './cleanup.mjs';

/** The example workflows, made ready to run: with an id, and with addresses and store of this run. */

const PACKAGE_PREFIX = 'n8n-nodes-idempotency.';
const CREDENTIAL_TYPE = 'idempotencyRedisApi';
const POSTGRES_TYPE = 'idempotencyPostgresApi';

/** Reads examples/<name>.json. */
export async function readExample(name: string): Promise<WorkflowJson> {
	const text = await readFile(join(CHECKOUT, 'examples', `${name}.json`), 'utf8');
	return JSON.parse(text) as WorkflowJson;
}

/** A credential as `n8n import:credentials` takes it. */
export interface Credential {
	readonly id: string;
	readonly name: string;
	readonly type: string;
	readonly data: Readonly<Record<string, unknown>>;
}

/** For a Redis on loopback. */
export function redisCredential(port: number): Credential {
	return {
		id: 'idempotencyRedis1',
		name: 'Idempotency Redis',
		type: CREDENTIAL_TYPE,
		data: { host: '127.0.0.1', port, keyPrefix: 'idem' },
	};
}

/** For a PostgreSQL on loopback that asks for no password. */
export function postgresCredential(server: {
	readonly port: number;
	readonly user: string;
	readonly database: string;
}): Credential {
	const { port, user, database } = server;
	return {
		id: 'idempotencyPostgres1',
		name: 'Idempotency PostgreSQL',
		type: POSTGRES_TYPE,
		data: {
			host: '127.0.0.1',
			port,
			user,
			database,
			password: '',
			schema: 'public',
			prefix: 'idem_',
		},
	};
}

export interface ExampleSettings {
	readonly id: string;
	/** The address for each HTTP Request node, by its name. */
	readonly urls?: Readonly<Record<string, string>>;
	/** The nodes of this package use its store: Redis, unless it is of another type. */
	readonly credential?: { readonly id: string; readonly name: string; readonly type?: string };
}

/** A copy of an example for this run. */
export function prepareExample(
	workflow: WorkflowJson,
	{ id, urls = {}, credential }: ExampleSettings,
): WorkflowJson {
	const nodes = structuredClone(workflow.nodes);
	for (const [name, url] of Object.entries(urls)) {
		const node = nodes.find((candidate) => candidate.name === name);
		if (node?.parameters.url === undefined) {
			throw plainError(`The example "${workflow.name}" has no HTTP Request node "${name}"`);
		}
		node.parameters.url = url;
	}
	if (credential !== undefined) {
		for (const node of nodes.filter(({ type }) => type.startsWith(PACKAGE_PREFIX))) {
			const type = credential.type ?? CREDENTIAL_TYPE;
			node.parameters.store = type === POSTGRES_TYPE ? 'postgres' : 'redis';
			node.credentials = { [type]: { id: credential.id, name: credential.name } };
		}
	}
	return { ...workflow, id, nodes };
}
