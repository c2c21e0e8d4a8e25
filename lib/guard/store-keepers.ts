import type { Store } from '../core/store';
import { LeaseKeeper } from './lease-keeper';
import { LostClaims } from './lost-claims';
import { NameKeeper } from './name-keeper';

/** What goes on in the background for all who use one store in this process. */
export interface StoreKeepers {
	readonly leases: LeaseKeeper;
	readonly lost: LostClaims;
	readonly names: NameKeeper;
}

/** Once for a store: whoever opens it keeps them with it. */
export function keepersFor(store: Store): StoreKeepers {
	return {
		leases: new LeaseKeeper(store),
		lost: new LostClaims(store),
		names: new NameKeeper(store),
	};
}
