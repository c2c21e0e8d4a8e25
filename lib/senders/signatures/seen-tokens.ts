import { createHash } from 'node:crypto';

/** Tokens that are remembered at a time. */
const MOST_TOKENS = 100_000;

/**
 * Which body each token came with, for senders whose signature does not cover the body: the same token with the same body is a
 * retry, with another body a forgery. Remembered in this process for as long as the token's time is accepted. Where there are too
 * many, nothing new is taken until some of them lapse.
 */
export class SeenTokens {
	private readonly seen = new Map<string, { readonly body: string; readonly untilMs: number }>();

	/** Whether the token may come with this body. */
	admits(token: string, rawBody: Uint8Array, untilMs: number, nowMs: number): boolean {
		this.forgetLapsed(nowMs);
		const body = createHash('sha256').update(rawBody).digest('base64');
		const known = this.seen.get(token);
		if (known !== undefined) return known.body === body;
		if (this.seen.size >= MOST_TOKENS) return false;
		this.seen.set(token, { body, untilMs });
		return true;
	}

	/** Oldest first, which are mostly those that lapse first. */
	private forgetLapsed(nowMs: number): void {
		for (const [token, { untilMs }] of this.seen) {
			if (untilMs >= nowMs) return;
			this.seen.delete(token);
		}
	}
}
