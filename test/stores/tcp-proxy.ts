import { type Server, type Socket, connect, createServer } from 'node:net';

/** A proxy on 127.0.0.1 that a test tells when to lose replies, or to answer nothing at all. */
export class TcpProxy {
	port = 0;

	/** Asked for every piece that the server sends: true cuts the connection instead of passing it on. */
	cutsReply: (data: Buffer) => boolean = () => false;

	connections = 0;

	private readonly sockets = new Set<Socket>();

	private readonly server: Server;

	private constructor(target: number) {
		this.server = createServer((socket) => {
			this.connections++;
			const upstream = connect(target, '127.0.0.1');
			for (const end of [socket, upstream]) {
				this.sockets.add(end);
				end
					.on('error', () => undefined)
					.on('close', () => {
						this.sockets.delete(end);
						socket.destroy();
						upstream.destroy();
					});
			}
			socket.pipe(upstream);
			upstream.on('data', (data) => {
				if (this.cutsReply(data)) socket.destroy();
				else socket.write(data);
			});
		});
	}

	static async start(target: number): Promise<TcpProxy> {
		const proxy = new TcpProxy(target);
		await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
		const address = proxy.server.address();
		proxy.port = typeof address === 'object' && address !== null ? address.port : 0;
		return proxy;
	}

	async stop(): Promise<void> {
		for (const socket of this.sockets) socket.destroy();
		await new Promise((resolve) => this.server.close(resolve));
	}
}
