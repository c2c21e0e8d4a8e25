/** The example workflows, made ready to run: with an id, and with addresses and store of this run. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainError } from './cleanup.mjs';
import { CHECKOUT } from './checkout.mjs';

const PACKAGE_PREFIX = 'n8n-nodes-idempotency.';
const CREDENTIAL_TYPE = 'idempotencyRedisApi';

/** Reads examples/<name>.json. */
export async function readExample(name) {
	return JSON.parse(await readFile(join(CHECKOUT, 'examples', `${name}.json`), 'utf8'));
}

/** A credential as `n8n import:credentials` takes it, for a Redis on loopback. */
export function redisCredential(port) {
	return {
		id: 'idempotencyRedis1',
		name: 'Idempotency Redis',
		type: CREDENTIAL_TYPE,
		data: { host: '127.0.0.1', port, keyPrefix: 'idem' },
	};
}

/**
 * A copy of an example for this run.
 *
 * @param {object} workflow from `readExample`
 * @param {{ id: string, urls?: Record<string, string>, credential?: { id: string, name: string } }} settings
 *   `urls`: the address for each HTTP Request node, by its name; `credential`: use the Redis store with it
 */
export function prepareExample(workflow, { id, urls = {}, credential }) {
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
			node.parameters.store = 'redis';
			node.credentials = { [CREDENTIAL_TYPE]: { id: credential.id, name: credential.name } };
		}
	}
	return { ...workflow, id, nodes };
}
