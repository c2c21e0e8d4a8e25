/**
 * Who waits, in this process, for the end of a claim in one place: one for all openings of it. Others see it by looking.
 */
export class Settlements {
	private readonly listeners = new Map<string, Set<() => void>>();

	/** See `Store.onSettled`. */
	listen(identities: readonly string[], listener: () => void): () => void {
		const own = () => listener();
		for (const identity of identities) {
			const same = this.listeners.get(identity) ?? new Set();
			this.listeners.set(identity, same.add(own));
		}
		queueMicrotask(own);
		return () => {
			for (const identity of identities) {
				const same = this.listeners.get(identity);
				same?.delete(own);
				if (same?.size === 0) this.listeners.delete(identity);
			}
		};
	}

	tell(identity: string): void {
		for (const listener of [...(this.listeners.get(identity) ?? [])]) listener();
	}
}
