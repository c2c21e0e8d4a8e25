import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

import { CHECKOUT } from '../../scripts/lib/checkout.mjs';
import type { BenchRedis } from '../redis';

const PEERS = [
	'@aws-lambda-powertools/idempotency',
	'@redis/client',
	'@node-idempotency/core',
	'@node-idempotency/storage-adapter-redis',
	'@sesamecare-oss/redlock',
	'canonicalize',
	'json-canonicalize',
];

/** What was measured on what, as lines of a list. */
export async function versionLines({ client }: BenchRedis): Promise<string[]> {
	const server = await client.info('server');
	const ours = manifestOf('.');
	const n8n = manifestOf('scripts/n8n').dependencies?.n8n;
	const peers = PEERS.map((name) => `${name} ${ours.devDependencies?.[name]}`);
	const gigabytes = Math.round(totalmem() / 2 ** 30);
	return [
		`- n8n-nodes-idempotency ${ours.version}, ioredis ${ours.dependencies?.ioredis}`,
		`- Node.js ${process.versions.node} (SQLite ${process.versions.sqlite}), Redis ${/redis_version:(\S+)/.exec(server)?.[1]}, n8n ${n8n}`,
		`- ${peers.join(', ')}`,
		`- ${cpus().length} × ${cpus()[0]?.model.trim()}, ${gigabytes} GB, ${process.platform}; everything on this one machine`,
	];
}

interface Manifest {
	readonly version: string;
	readonly dependencies?: Readonly<Record<string, string>>;
	readonly devDependencies?: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Manifest {
	return JSON.parse(readFileSync(join(CHECKOUT, folder, 'package.json'), 'utf8')) as Manifest;
}
