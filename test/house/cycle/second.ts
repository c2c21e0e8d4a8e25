import type { First } from './first';

export interface Second {
	readonly first: First;
}
