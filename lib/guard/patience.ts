import { StoreError } from '../core/reply';

/** How long whoever only watches waits for a store, in ms: what it watches must not be delayed by it. */
const PATIENCE_MS = 1_000;
/** How long a store that did not answer is not asked again. */
const REST_MS = 10_000;

/** Bounds the time that a store may take, and spares whoever comes next the wait for one that does not answer. */
export class Patience {
	private restsUntil = 0;

	constructor(
		private readonly patienceMs = PATIENCE_MS,
		private readonly restMs = REST_MS,
	) {}

	/**
	 * What the work gives in time. Work that takes longer goes on, and nobody hears of it.
	 *
	 * @throws StoreError `timeout` where it takes longer, or the store did not answer a moment ago; else what the work throws
	 */
	async within<T>(work: () => Promise<T>): Promise<T> {
		if (this.restsUntil > performance.now()) throw tooSlow('a moment ago, and is not asked now');
		let timer: NodeJS.Timeout | undefined;
		const over = new Promise<never>((_, reject) => {
			timer = setTimeout(() => {
				this.restsUntil = performance.now() + this.restMs;
				reject(tooSlow('in time'));
			}, this.patienceMs);
		});
		const done = work();
		done.catch(() => undefined);
		try {
			return await Promise.race([done, over]);
		} finally {
			clearTimeout(timer);
		}
	}
}

function tooSlow(when: string): StoreError {
	return new StoreError('timeout', `The store did not answer ${when}`, {
		advice: 'Check that it can be reached.',
	});
}
