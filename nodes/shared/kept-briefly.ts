/** What is asked for again and again, and kept for a while: not asked for by each of many who come at once. */
export class KeptBriefly<Value> {
	private readonly known = new Map<
		string,
		{ readonly value: Promise<Value>; readonly until: number }
	>();

	/** @param keptMs nothing is held for longer */
	constructor(private readonly keptMs: number) {}

	/** What `make` gave under this name a moment ago; else what it gives now. What fails is asked for again by the next. */
	async get(name: string, make: () => Promise<Value>): Promise<Value> {
		const same = this.known.get(name);
		if (same !== undefined && same.until > performance.now()) return await same.value;
		const value = make();
		const kept = { value, until: performance.now() + this.keptMs };
		this.known.set(name, kept);
		const forget = () => {
			if (this.known.get(name) === kept) this.known.delete(name);
		};
		value.catch(forget);
		setTimeout(forget, this.keptMs).unref();
		return await value;
	}

	clear(): void {
		this.known.clear();
	}
}
