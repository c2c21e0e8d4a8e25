import type { ClaimRequest } from '../core/record';
import { StoreError } from '../core/reply';
import type { Reply } from '../core/reply';
import type { SecretAwareStore, SecretNote } from '../core/store';
import { isoTime } from './words';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A note lasts for so much longer than it has to, and is made again when half of that is over. */
const AHEAD_MS = HOUR;
/** For a claim that is not handed out yet. */
const AT_FIRST_MS = MINUTE;

/** How long a record may live that this request writes: its lease, a late finish, and what that is remembered for. */
export function lifetimeOf({ leaseMs, claimTimeoutMs, retentionMs }: ClaimRequest): number {
	return leaseMs + claimTimeoutMs + 2 * retentionMs + MINUTE;
}

/** The ids of the secrets of a credential, see `secretIdOf`. */
export interface SecretIds {
	readonly current: string;
	/** `''`: none. */
	readonly previous: string;
}

/**
 * Keeps a credential from a store whose records are of other secrets: identities depend on the secret, so that every request would count
 * as new. The store notes each secret with the time until which records of it may live. Whoever claims notes its own first, and looks
 * for others after it: of two that claim under different secrets at once, at least one sees the other and gives its claim back.
 */
export class SecretKeeper {
	/** By id: the lifetime that was noted, and when by each clock of this process. */
	private readonly noted = new Map<string, { lifetimeMs: number; ticks: number; date: number }>();

	constructor(
		private readonly store: SecretAwareStore,
		private readonly ids: SecretIds,
	) {}

	/** @returns what refuses the credential: a secret of living records that it does not have. */
	async refusal(): Promise<StoreError | null> {
		const notes = await this.store.secretNotes();
		return notes.ok ? this.foreignIn(notes) : notes.error;
	}

	/** Before claims: others that look after theirs will see this secret. */
	async announce(): Promise<StoreError | null> {
		return await this.note(this.ids.current, AT_FIRST_MS);
	}

	/** Records of the current secret, or of the one before it, may live for so long from now. */
	async cover(lifetimeMs: number, which: keyof SecretIds = 'current'): Promise<StoreError | null> {
		return await this.note(this.ids[which], lifetimeMs);
	}

	/**
	 * What refuses a claim that was just granted. `notes` were asked for while it was claimed, and count if they are younger than it.
	 *
	 * @param claimedAt the store's clock at the last grant, in microseconds
	 */
	async refusalAfter(
		notes: Reply<readonly SecretNote[]>,
		claimedAt: number,
	): Promise<StoreError | null> {
		const younger = notes.ok && notes.micros > claimedAt ? notes : await this.store.secretNotes();
		if (!younger.ok) return younger.error;
		// The store has lost what it knew: note it again.
		if (!younger.answer.some(({ id }) => id === this.ids.current)) this.noted.clear();
		return this.foreignIn(younger);
	}

	async notes(): Promise<Reply<readonly SecretNote[]>> {
		return await this.store.secretNotes();
	}

	private async note(id: string, lifetimeMs: number): Promise<StoreError | null> {
		if (id === '') return null;
		const known = this.noted.get(id);
		const [ticks, date] = [performance.now(), Date.now()];
		// Either clock may stand still while the machine sleeps, or be set.
		const age = known && Math.max(ticks - known.ticks, Math.abs(date - known.date));
		if (known && age !== undefined && age < AHEAD_MS / 2 && known.lifetimeMs >= lifetimeMs)
			return null;
		const longest = Math.max(lifetimeMs, known?.lifetimeMs ?? 0);
		const reply = await this.store.noteSecret(id, longest + AHEAD_MS);
		if (!reply.ok) return reply.error;
		this.noted.set(id, { lifetimeMs: longest, ticks, date });
		return null;
	}

	private foreignIn({ answer }: { readonly answer: readonly SecretNote[] }): StoreError | null {
		const { current, previous } = this.ids;
		const foreign = answer.filter(({ id }) => id !== current && id !== previous);
		if (foreign.length === 0) return null;
		const until = Math.max(...foreign.map((note) => note.until));
		return new StoreError(
			'unknown_secret',
			`The store holds records of another secret than those of the credential, or of none, until ${isoTime(until)}: requests that were handled before would count as new`,
		);
	}
}
