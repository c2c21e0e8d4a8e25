/** Each waiter takes up a place in its worker. Too many of them would keep the run that they wait for from being executed. */
export const MOST_WAITERS = Object.freeze({ perKey: 20, perProcess: 100 });

/** Counts the waiters of this process, by key and in total. */
export class WaiterLimits {
	private readonly byKey = new Map<string, number>();

	private together = 0;

	constructor(private readonly most: { perKey: number; perProcess: number } = MOST_WAITERS) {}

	/** How many wait. */
	get size(): number {
		return this.together;
	}

	/** How many keys are waited for. */
	get keys(): number {
		return this.byKey.size;
	}

	/**
	 * Asks to wait for several keys. `admitted` are those with room for one more waiter. The waiter counts until it calls `leave`; if
	 * no key is admitted, it does not count at all.
	 */
	enter(identities: readonly string[]): { admitted: ReadonlySet<string>; leave: () => void } {
		const free = this.together < this.most.perProcess ? identities : [];
		const admitted = new Set(
			free.filter((identity) => (this.byKey.get(identity) ?? 0) < this.most.perKey),
		);
		if (admitted.size === 0) return { admitted, leave: () => undefined };
		this.together++;
		for (const identity of admitted) {
			this.byKey.set(identity, (this.byKey.get(identity) ?? 0) + 1);
		}
		let left = false;
		return {
			admitted,
			leave: () => {
				if (left) return;
				left = true;
				this.together--;
				for (const identity of admitted) {
					const others = (this.byKey.get(identity) ?? 1) - 1;
					if (others === 0) this.byKey.delete(identity);
					else this.byKey.set(identity, others);
				}
			},
		};
	}
}
