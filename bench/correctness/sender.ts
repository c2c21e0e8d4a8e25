import { setTimeout as sleep } from 'node:timers/promises';

import { attemptAsync } from '../../lib/core/attempt';
import type { Delivery, Handler, Told } from '../peers/peer';

const TRY_AGAIN_MS = 200;
const ACT_MS = 50;

/** What a sender is told; `failed` where it would get a 500. */
export type Answer = Told | { readonly outcome: 'failed'; readonly why: string };

/** Delivers, and delivers again where it is refused or meets an error, as senders of webhooks do. Counts how often it was acted. */
export class Sender {
	acts = 0;

	/** Tries that the last delivery took. */
	lastTries = 0;

	/** Called once, when the side effect happens. */
	onAct: () => void = () => undefined;

	/** @returns the last answer, of at most `tries` */
	async deliver(handler: Handler, delivery: Delivery, tries: number): Promise<Told> {
		let answer: Answer = { outcome: 'failed', why: 'never tried' };
		for (let number = 1; number <= tries; number++) {
			if (number > 1) await sleep(TRY_AGAIN_MS);
			this.lastTries = number;
			const handled = await attemptAsync(async () => await handler.handle(delivery, this.act));
			answer = handled.ok ? handled.value : { outcome: 'failed', why: String(handled.error) };
			if (answer.outcome === 'result' || answer.outcome === 'dropped') break;
		}
		return answer.outcome === 'failed' ? { outcome: 'refused', reason: answer.why } : answer;
	}

	private readonly act = async (): Promise<string> => {
		this.acts++;
		const number = this.acts;
		const { onAct } = this;
		this.onAct = () => undefined;
		onAct();
		await sleep(ACT_MS);
		return `run ${number} of this process`;
	};
}

/** An answer in the words of the table. */
export function inWords(answer: Answer): string {
	switch (answer.outcome) {
		case 'result':
			return answer.acted ? 'acted' : `given the answer of ${String(answer.result)}`;
		case 'dropped':
			return 'dropped as a duplicate';
		case 'refused':
			return `refused (${answer.reason.slice(0, 80)})`;
		case 'failed':
			return `failed (${answer.why.slice(0, 80)})`;
	}
}
