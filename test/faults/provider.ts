import { startDownstream } from '../support/downstream';
import type { Answer, Downstream, DownstreamRequest } from '../support/downstream';

/** One side effect, as it arrived. */
export interface Effect {
	readonly key: string;
	readonly owner: string;
	readonly fence: number;
	readonly charge: string;
}

/** The provider that workers call: it counts what really happened, whatever the callers believe. */
export class Provider {
	readonly effects: Effect[] = [];

	/** Refuses a fence lower than one that it has seen for the key: `WHERE fence < $1`. */
	checksFence = false;

	/** From the side effect to the answer. */
	answerAfterMs = 0;

	/** Called with each side effect, before it is answered. */
	onEffect: (count: number) => void = () => undefined;

	private readonly highest = new Map<string, number>();

	private downstream: Downstream | undefined;

	static async start(): Promise<Provider> {
		const provider = new Provider();
		provider.downstream = await startDownstream({ answer: (request) => provider.take(request) });
		return provider;
	}

	get port(): number {
		return this.downstream?.port ?? 0;
	}

	effectsOf(key: string): Effect[] {
		return this.effects.filter((effect) => effect.key === key);
	}

	async stop(): Promise<void> {
		await this.downstream?.close();
	}

	private take({ body }: DownstreamRequest): Answer {
		const call = body as Omit<Effect, 'charge'>;
		const highest = this.highest.get(call.key) ?? 0;
		const delayMs = this.answerAfterMs;
		if (this.checksFence && call.fence < highest) return { status: 409, body: '', delayMs };
		this.highest.set(call.key, Math.max(highest, call.fence));
		const charge = `charge ${this.effects.length + 1} of ${call.key}`;
		this.effects.push({ ...call, charge });
		this.onEffect(this.effects.length);
		return { status: 200, body: charge, delayMs };
	}
}
