/**
 * The store's time: the host's clock, made to never go back. A clock that is set back would otherwise bring ended leases back to
 * life, and let a fence repeat one that was given to a record since purged.
 *
 * While the host is behind, time runs on at half its speed, until the host has caught up: leases last longer meanwhile, which
 * is safe, and still end.
 */
export class StoreClock {
	private last = 0;

	private readAt = 0;

	/** @param host microseconds since 1970 */
	constructor(private readonly host: () => number) {}

	/** @param mark the furthest time that another process is known to have used */
	now(mark = 0): number {
		const elapsed = performance.now() * 1000 - this.readAt;
		this.readAt += elapsed;
		const host = Math.floor(this.host());
		const last = Math.max(this.last, mark);
		this.last = host >= last ? host : last + Math.floor(elapsed / 2);
		return this.last;
	}
}

/** Microseconds since 1970, as far as the host knows. */
export const hostMicros = (): number => Date.now() * 1000;
