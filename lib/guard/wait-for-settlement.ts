import type { Store } from '../core/store';
import { observe } from '../core/transitions';

/** The pauses between two looks, in ms: short at first, then longer. */
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 1_000;
const GROWTH = 1.6;

export interface WaitEnd {
	/** Identities that no run holds any more. */
	readonly settled: ReadonlySet<string>;
	/** The store's clock at the last look, in ms; null where it could not be asked. */
	readonly now: number | null;
}

/**
 * Waits until no run holds any of the keys: each was finished, given back or parked, or its lease is over. The store notifies us where it
 * can, and we look again and again for the rest. Looking does not count as a claim.
 *
 * @returns by `deadline` (of `performance.now()`), or when `signal` is aborted, with what has settled until then. Never rejects
 */
export async function waitForSettlement(
	store: Pick<Store, 'get' | 'onSettled'>,
	identities: readonly string[],
	deadline: number,
	signal?: AbortSignal,
): Promise<WaitEnd> {
	const settled = new Set<string>();
	const held = new Set(identities);
	let now: number | null = null;
	const bell = new Bell(deadline, signal);
	const end = store.onSettled([...held], () => bell.ring());
	try {
		for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * GROWTH, LONGEST_LOOK_MS)) {
			const asked = [...held];
			const replies = await Promise.race([store.get(asked), bell.over]);
			for (const [i, reply] of (replies ?? []).entries()) {
				const identity = asked[i];
				if (!reply.ok || identity === undefined) continue;
				now = Math.floor(reply.micros / 1000);
				const state = observe(reply.answer, now);
				if (state === 'processing' || state === 'pending') continue;
				held.delete(identity);
				settled.add(identity);
			}
			if (held.size === 0 || replies === undefined) break;
			if (!(await bell.heardWithin(pause))) break;
		}
	} finally {
		end();
		bell.close();
	}
	return { settled, now };
}

/** Wakes a waiter. A ring ends one pause; the deadline, or an abort, ends the waiting. */
class Bell {
	/** Resolves when the waiting is over. */
	readonly over: Promise<undefined>;

	private isOver = false;

	private rung = false;

	private wake: () => void = () => undefined;

	private finish: () => void = () => undefined;

	private readonly timer: NodeJS.Timeout;

	constructor(
		deadline: number,
		private readonly signal: AbortSignal | undefined,
	) {
		this.over = new Promise((resolve) => {
			this.finish = () => {
				this.isOver = true;
				resolve(undefined);
				this.wake();
			};
		});
		this.timer = setTimeout(this.finish, Math.max(0, deadline - performance.now()));
		signal?.addEventListener('abort', this.finish);
		if (signal?.aborted) this.finish();
	}

	ring(): void {
		this.rung = true;
		this.wake();
	}

	/** @returns false when the waiting is over */
	async heardWithin(ms: number): Promise<boolean> {
		if (!this.rung && !this.isOver) {
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, ms);
				this.wake = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		}
		this.rung = false;
		return !this.isOver;
	}

	close(): void {
		clearTimeout(this.timer);
		this.signal?.removeEventListener('abort', this.finish);
	}
}
