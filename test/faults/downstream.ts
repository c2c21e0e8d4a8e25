import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One side effect, as it arrived. */
export interface Effect {
	readonly key: string;
	readonly owner: string;
	readonly fence: number;
	readonly charge: string;
}

/** The provider that is called: it counts what really happened, whatever the callers believe. */
export class Downstream {
	readonly effects: Effect[] = [];

	/** Refuses a fence lower than one that it has seen for the key: `WHERE fence < $1`. */
	checksFence = false;

	/** From the side effect to the answer. */
	answerAfterMs = 0;

	/** Called with each side effect, before it is answered. */
	onEffect: (count: number) => void = () => undefined;

	private readonly highest = new Map<string, number>();

	private constructor(private readonly server: Server) {}

	static async start(): Promise<Downstream> {
		const server = createServer();
		const downstream = new Downstream(server);
		server.on('request', (request, response) => {
			let body = '';
			request.on('data', (data: Buffer) => (body += data.toString()));
			request.on('end', () => {
				const charge = downstream.take(JSON.parse(body) as Omit<Effect, 'charge'>);
				const answer = () => response.writeHead(charge === null ? 409 : 200).end(charge ?? '');
				setTimeout(answer, downstream.answerAfterMs);
			});
		});
		server.keepAliveTimeout = 60_000;
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return downstream;
	}

	get port(): number {
		return (this.server.address() as AddressInfo).port;
	}

	effectsOf(key: string): Effect[] {
		return this.effects.filter((effect) => effect.key === key);
	}

	async stop(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private take(call: Omit<Effect, 'charge'>): string | null {
		const highest = this.highest.get(call.key) ?? 0;
		if (this.checksFence && call.fence < highest) return null;
		this.highest.set(call.key, Math.max(highest, call.fence));
		const charge = `charge ${this.effects.length + 1} of ${call.key}`;
		this.effects.push({ ...call, charge });
		this.onEffect(this.effects.length);
		return charge;
	}
}
