import { setNewest } from './set-newest';

/** What a record keeps of what is compared. */
export interface Digests {
	readonly fingerprint: string;
	readonly fieldDigests: Buffer;
}

/** Each takes some 700 bytes. */
const MOST = 1_000;

/** Digests that were just computed, by a name of all that they depend on. When there are too many, those not asked for the longest go. */
export class RecentDigests {
	private readonly byName = new Map<string, Digests>();

	constructor(private readonly most = MOST) {}

	get size(): number {
		return this.byName.size;
	}

	get(name: string): Digests | undefined {
		const found = this.byName.get(name);
		if (found !== undefined) this.set(name, found);
		return found;
	}

	set(name: string, digests: Digests): void {
		setNewest(this.byName, name, digests, this.most);
	}
}
