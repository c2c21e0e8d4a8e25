import { type Server, type Socket, connect, createServer } from 'node:net';

/**
 * What becomes of a piece of data: passed on; lost with its connection; its first half passed on, and the connection cut; passed
 * on late; or kept for ever, with the connection open.
 */
export type Fate = 'pass' | 'drop' | 'half' | 'late' | 'keep';

/** What a slow line has on its way at most, in ms of its speed. */
const FULL_MS = 50;

/** A network between clients and a server, on 127.0.0.1, that a test makes bad. */
export class TcpProxy {
	fateOfRequest: (data: Buffer) => Fate = () => 'pass';

	fateOfReply: (data: Buffer) => Fate = () => 'pass';

	lateMs = 0;

	/** A slow line each way: pieces queue for it, and arrive after a delay. Null for a fast one. */
	line: { readonly bytesPerMs: number; readonly delayMs: number } | null = null;

	/** Made by clients so far. */
	connections = 0;

	/** Pieces that were not just passed on. */
	harmed = 0;

	private readonly sockets = new Set<Socket>();

	private readonly server: Server;

	private constructor(target: number) {
		this.server = createServer((client) => {
			this.connections++;
			const upstream = connect(target, '127.0.0.1');
			for (const end of [client, upstream]) {
				this.sockets.add(end);
				end
					.on('error', () => undefined)
					.on('close', () => {
						this.sockets.delete(end);
						client.destroy();
						upstream.destroy();
					});
			}
			this.pass(client, upstream, (data) => this.fateOfRequest(data));
			this.pass(upstream, client, (data) => this.fateOfReply(data));
		});
	}

	static async start(target: number): Promise<TcpProxy> {
		const proxy = new TcpProxy(target);
		await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
		return proxy;
	}

	get port(): number {
		const address = this.server.address();
		return typeof address === 'object' && address !== null ? address.port : 0;
	}

	/** From now on a good network. */
	heal(): void {
		this.fateOfRequest = this.fateOfReply = () => 'pass';
	}

	async stop(): Promise<void> {
		for (const socket of this.sockets) socket.destroy();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private pass(from: Socket, to: Socket, fateOf: (data: Buffer) => Fate): void {
		let lateUntil = 0;
		const slowly = new SlowLine(from, to);
		let kept = false;
		from.on('data', (data) => {
			const fate = kept ? 'keep' : fateOf(data);
			if (fate !== 'pass') this.harmed++;
			switch (fate) {
				case 'keep':
					kept = true;
					return;
				case 'drop':
					from.destroy();
					return;
				case 'half':
					to.end(data.subarray(0, Math.ceil(data.length / 2)), () => from.destroy());
					return;
				default: {
					if (fate === 'late') lateUntil = Date.now() + this.lateMs;
					if (this.line !== null) {
						slowly.push(data, this.line);
						return;
					}
					// Pieces stay in order: what follows a late one is as late.
					const wait = lateUntil - Date.now();
					if (wait <= 0) to.write(data);
					else setTimeout(() => to.writable && to.write(data), wait);
				}
			}
		});
	}
}

/** Pieces on their way, in their order. */
class SlowLine {
	private readonly pieces: Array<{ readonly at: number; readonly data: Buffer }> = [];

	private freeAt = 0;

	private timer: NodeJS.Timeout | undefined;

	constructor(
		private readonly from: Socket,
		private readonly to: Socket,
	) {}

	push(data: Buffer, { bytesPerMs, delayMs }: NonNullable<TcpProxy['line']>): void {
		const now = performance.now();
		this.freeAt = Math.max(this.freeAt, now) + data.length / bytesPerMs;
		this.pieces.push({ at: this.freeAt + delayMs, data });
		// As a line with a small buffer: nobody sends far ahead of it.
		if (this.freeAt - now > FULL_MS) this.from.pause();
		this.timer ??= setTimeout(() => this.deliver(), delayMs);
	}

	private deliver(): void {
		const now = performance.now();
		this.timer = undefined;
		while (this.pieces[0] !== undefined && this.pieces[0].at <= now) {
			const [piece] = this.pieces.splice(0, 1);
			if (piece !== undefined && this.to.writable) this.to.write(piece.data);
		}
		if (this.freeAt - now < FULL_MS) this.from.resume();
		const [next] = this.pieces;
		if (next === undefined) return;
		this.timer = setTimeout(() => this.deliver(), Math.max(1, next.at - now));
	}
}
