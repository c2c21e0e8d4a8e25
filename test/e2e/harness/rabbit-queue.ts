import { createRequire } from 'node:module';
import { join } from 'node:path';

import { SET_UP } from './set-up';

interface Channel {
	assertQueue(queue: string, options: object): Promise<unknown>;
	sendToQueue(queue: string, content: Buffer, options: object): boolean;
	checkQueue(queue: string): Promise<{ messageCount: number }>;
}

interface Connection {
	createChannel(): Promise<Channel>;
	close(): Promise<void>;
}

/** A durable queue of a broker on this machine, by the client that n8n itself brings. */
export class RabbitQueue {
	private constructor(
		private readonly connection: Connection,
		private readonly channel: Channel,
		private readonly name: string,
	) {}

	static async open(port: number, name: string): Promise<RabbitQueue> {
		const require = createRequire(join(SET_UP.install.folder, 'package.json'));
		const amqp = require('amqplib') as { connect(to: object): Promise<Connection> };
		const connection = await amqp.connect({
			hostname: '127.0.0.1',
			port,
			username: 'guest',
			password: 'guest',
		});
		const channel = await connection.createChannel();
		await channel.assertQueue(name, { durable: true });
		return new RabbitQueue(connection, channel, name);
	}

	send(messageId: string, body: object): void {
		this.channel.sendToQueue(this.name, Buffer.from(JSON.stringify(body)), {
			messageId,
			contentType: 'application/json',
			persistent: true,
		});
	}

	/** How many messages nobody has taken. */
	async left(): Promise<number> {
		return (await this.channel.checkQueue(this.name)).messageCount;
	}

	async close(): Promise<void> {
		await this.connection.close();
	}
}
