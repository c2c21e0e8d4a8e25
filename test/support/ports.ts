import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the ports that systems give to outgoing connections. One of those could be taken by a connection before its server listens, or
 * while the server is started again.
 */
const FIRST = 20_000;
const AFTER_LAST = 32_000;
const TRIES = 100;

/** A loopback port that is free at this moment, and that nothing takes by chance. */
export async function freePort(): Promise<number> {
	for (let tried = 0; tried < TRIES; tried++) {
		const port = randomInt(FIRST, AFTER_LAST);
		if (await isFree(port)) return port;
	}
	throw new Error(`No free port among ${TRIES} from ${FIRST} to ${AFTER_LAST - 1}`);
}

async function isFree(port: number): Promise<boolean> {
	return await new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
	});
}
