import { MAX_NAME_LENGTH } from '../core/limits';
import type { Store } from '../core/store';
import { setNewest } from './set-newest';

const HOUR = 3_600_000;
/** As long as counters are kept. */
const LIFETIME_MS = 400 * 24 * HOUR;
/** A name that stays the same is noted again after this. */
const AGAIN_AFTER_MS = 24 * HOUR;
/** Where it could not be noted. */
const RETRY_AFTER_MS = HOUR;
/** More are noted more often. */
const MOST_KNOWN = 1_000;

// eslint-disable-next-line no-control-regex -- these are what it is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/**
 * Notes in a store what people call the namespaces that this process uses, so that who lists them from another workflow can read it:
 * once a day for each, in the background. No claim waits for it, or fails by it.
 */
export class NameKeeper {
	private readonly known = new Map<string, { readonly name: string; readonly until: number }>();

	constructor(private readonly store: Pick<Store, 'noteName'>) {}

	note(namespace: string, fullName: string): void {
		const name = keptName(fullName);
		const known = this.known.get(namespace);
		const now = performance.now();
		if (name === '' || (known?.name === name && now < known.until)) return;
		setNewest(this.known, namespace, { name, until: now + AGAIN_AFTER_MS }, MOST_KNOWN);
		void this.write(namespace, name);
	}

	private async write(namespace: string, name: string): Promise<void> {
		const reply = await this.store.noteName({ namespace, name, lifetimeMs: LIFETIME_MS });
		if (reply.ok || this.known.get(namespace)?.name !== name) return;
		this.known.set(namespace, { name, until: performance.now() + RETRY_AFTER_MS });
	}
}

function keptName(name: string): string {
	return name.replace(CONTROL, ' ').trim().slice(0, MAX_NAME_LENGTH).toWellFormed();
}
