import { addTo } from './add-to';

/**
 * Each waiter takes up a place in its worker. Too many of them would keep the run that they wait for from being executed. One tenant takes
 * no more than half of the places.
 */
export const MOST_WAITERS = Object.freeze({ perKey: 20, perTenant: 50, perProcess: 100 });

/** A key that is waited for, by its identity, and whose it is: the tenant's digest, empty where the node asks for no tenant. */
export interface WaitedKey {
	readonly identity: string;
	readonly tenant: string;
}

/** Counts the waiters of this process, by key, by tenant and in total. */
export class WaiterLimits {
	private readonly byKey = new Map<string, number>();

	private readonly byTenant = new Map<string, number>();

	private together = 0;

	constructor(
		private readonly most: Readonly<Record<keyof typeof MOST_WAITERS, number>> = MOST_WAITERS,
	) {}

	/** How many wait. */
	get size(): number {
		return this.together;
	}

	/** How many keys are waited for. */
	get keys(): number {
		return this.byKey.size;
	}

	/** How many tenants wait. */
	get tenants(): number {
		return this.byTenant.size;
	}

	/**
	 * Asks to wait for several keys. `admitted` are those with room for one more waiter, by identity. The waiter counts until it calls `leave`;
	 * if no key is admitted, it does not count at all.
	 */
	enter(keys: readonly WaitedKey[]): { admitted: ReadonlySet<string>; leave: () => void } {
		const free = this.together < this.most.perProcess ? keys : [];
		const waited = free.filter(
			({ identity, tenant }) =>
				(this.byKey.get(identity) ?? 0) < this.most.perKey &&
				(tenant === '' || (this.byTenant.get(tenant) ?? 0) < this.most.perTenant),
		);
		const admitted = new Set(waited.map(({ identity }) => identity));
		if (admitted.size === 0) return { admitted, leave: () => undefined };
		const tenants = new Set(waited.map(({ tenant }) => tenant));
		tenants.delete('');
		const count = (by: 1 | -1) => {
			this.together += by;
			for (const identity of admitted) addTo(this.byKey, identity, by);
			for (const tenant of tenants) addTo(this.byTenant, tenant, by);
		};
		count(1);
		let left = false;
		return {
			admitted,
			leave: () => {
				if (!left) count(-1);
				left = true;
			},
		};
	}
}
