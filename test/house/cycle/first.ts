import type { Second } from './second';

export interface First {
	readonly second: Second;
}
