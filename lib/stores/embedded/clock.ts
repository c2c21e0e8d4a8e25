/** Microseconds since 1970. */
export interface StoreTime {
	/** The store's time. */
	readonly micros: number;
	/** The furthest time there has ever been: fences are given from here, so that they never go back. */
	readonly furthest: number;
}

/** An hour that a wrong time zone makes, and some more. */
const LONGEST_HOLD_MICROS = 90 * 60_000_000;

/**
 * The store's time: the host's clock, made not to go back. A clock that is set back would otherwise bring ended leases back to life.
 *
 * While the host is behind, time runs on at half its speed, until the host has caught up: leases last longer meanwhile, which
 * is safe, and still end. A host that is further behind than `LONGEST_HOLD_MICROS` is followed: its clock was far ahead before, and
 * every event would be too old until it is there again. Fences go on from the furthest time even then.
 */
export class StoreClock {
	private last = 0;

	private furthest = 0;

	private readAt = 0;

	/** @param host microseconds since 1970 */
	constructor(private readonly host: () => number) {}

	/** @param furthest a time from which fences may have been given */
	goOnFrom(furthest: number): void {
		this.furthest = Math.max(this.furthest, furthest);
	}

	/** @param mark the furthest time that another process is known to have used */
	now(mark = 0): StoreTime {
		const elapsed = performance.now() * 1000 - this.readAt;
		this.readAt += elapsed;
		const half = Math.floor(elapsed / 2);
		const host = Math.floor(this.host());
		const last = Math.max(this.last, mark);
		const isFollowed = host >= last || last - host > LONGEST_HOLD_MICROS;
		this.last = isFollowed ? host : last + half;
		const furthest = Math.max(this.furthest, last);
		this.furthest = this.last >= furthest ? this.last : furthest + half;
		return { micros: this.last, furthest: this.furthest };
	}
}

/** Microseconds since 1970, as far as the host knows. */
export const hostMicros = (): number => Date.now() * 1000;
