import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

import { freePort } from '../../test/support/ports';
import { temporaryFolder } from './cleanup.mjs';
import { cleanEnvironment, startServer, waitUntil } from './processes.mjs';

/** The broker that the end-to-end tests of the queue example run against. */

/** What Debian's own `rabbitmq-server` calls, as the user of the service. */
const DEBIAN_SCRIPT = '/usr/lib/rabbitmq/bin/rabbitmq-server';

async function answersAmqp(port: number): Promise<boolean> {
	const socket = connect(port, '127.0.0.1');
	try {
		await once(socket, 'connect');
		socket.setTimeout(2_000, () => socket.destroy());
		socket.write('AMQP\x00\x00\x09\x01', 'latin1');
		const [reply] = (await once(socket, 'data')) as [Buffer];
		return reply.length > 0;
	} finally {
		socket.destroy();
	}
}

/** Starts a RabbitMQ of our own on a free loopback port, with the user guest/guest, in a folder of its own. */
export async function startRabbitMq() {
	const [port, distribution, names] = [await freePort(), await freePort(), await freePort()];
	const folder = await temporaryFolder('idempotency-rabbitmq');
	const config = join(folder, 'rabbitmq.conf');
	await writeFile(config, `listeners.tcp.1 = 127.0.0.1:${port}\nlog.file = false\n`);
	const env = cleanEnvironment({
		HOME: folder,
		ERL_EPMD_PORT: String(names),
		ERL_EPMD_ADDRESS: '127.0.0.1',
		RABBITMQ_NODENAME: `idempotency${port}@localhost`,
		RABBITMQ_DIST_PORT: String(distribution),
		RABBITMQ_CONFIG_FILE: config,
		RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
		RABBITMQ_MNESIA_BASE: join(folder, 'data'),
		RABBITMQ_LOG_BASE: folder,
		RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+sbwt none',
	});
	// Erlang's name server; the broker would start one that outlives it.
	const epmdArgs = ['-address', '127.0.0.1', '-port', String(names)];
	const epmd = startServer('epmd', 'epmd', epmdArgs, { env });
	const program = existsSync(DEBIAN_SCRIPT) ? DEBIAN_SCRIPT : 'rabbitmq-server';
	const broker = startServer('rabbitmq-server', program, [], { env, cwd: folder });
	const ready = waitUntil(() => answersAmqp(port), { what: 'RabbitMQ', timeoutMs: 90_000 });
	try {
		await Promise.race([ready, broker.ended, epmd.ended]);
	} catch (error) {
		throw new Error(`${String(error)}\n${broker.tail(20)}`);
	}
	const stop = async () => {
		await broker.stop();
		await epmd.stop();
	};
	return { ...broker, port, stop };
}
