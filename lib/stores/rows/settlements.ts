/** Who waits, in this process, for the end of a claim in one place. Other processes see it by looking. */
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

const byPlace = new Map<string, Settlements>();

/** The same for every opening of a place in this process. @param place its kind and address, or file */
export function settlementsOf(place: string): Settlements {
	let settlements = byPlace.get(place);
	if (settlements === undefined) {
		settlements = new Settlements();
		byPlace.set(place, settlements);
	}
	return settlements;
}
