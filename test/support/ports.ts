import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * All below the ports that systems give to outgoing connections. One of those could be taken by a connection before its server listens, or
 * while the server is started again.
 */
const PORTS = { first: 22_000, afterLast: 30_000 };

/** Those of a cluster's servers, apart from all others: each listens at a second port besides, 10,000 above the first. */
const CLUSTER_PORTS = { first: 20_000, afterLast: 22_000 };
const CLUSTER_BUS = 10_000;

const TRIES = 100;

/** A loopback port that is free at this moment, and that nothing takes by chance. */
export async function freePort(): Promise<number> {
	return await freePortOf(PORTS, isFree);
}

/** The same for a server of Redis Cluster. */
export async function freeClusterPort(): Promise<number> {
	return await freePortOf(
		CLUSTER_PORTS,
		async (port) => (await isFree(port)) && (await isFree(port + CLUSTER_BUS)),
	);
}

async function freePortOf(
	{ first, afterLast }: typeof PORTS,
	fits: (port: number) => Promise<boolean>,
): Promise<number> {
	for (let tried = 0; tried < TRIES; tried++) {
		const port = randomInt(first, afterLast);
		if (await fits(port)) return port;
	}
	throw new Error(`No free port among ${TRIES} from ${first} to ${afterLast - 1}`);
}

async function isFree(port: number): Promise<boolean> {
	return await new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
	});
}
