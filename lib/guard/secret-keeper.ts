import { INSTANCE_NOTED_MS, instanceNoteOf, isInstanceNote } from '../core/instance-notes';
import type { ClaimRequest } from '../core/record';
import { StoreError } from '../core/reply';
import type { SecretAwareStore, SecretNote } from '../core/store';
import type { NamingIds } from './naming';
import { isOtherVersion } from './naming';
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

/**
 * Keeps a credential, and a version of this package, from a store whose records it would not find: identities depend on the secret and on
 * how they are made, so that every request would count as new. The store notes each naming with the time until which records of it may
 * live. Whoever claims notes its own first, and looks for others after it: of two that claim by different namings at once, at least one
 * sees the other and gives its claim back.
 */
export class SecretKeeper {
	/** By id: the lifetime that was noted, and when by each clock of this process. */
	private readonly noted = new Map<string, { lifetimeMs: number; ticks: number; date: number }>();

	constructor(
		private readonly store: SecretAwareStore,
		readonly ids: NamingIds,
	) {}

	/** @returns what refuses the credential: a secret of living records that it does not have. */
	async refusal(): Promise<StoreError | null> {
		const notes = await this.store.secretNotes();
		return notes.ok ? this.foreignIn(notes) : notes.error;
	}

	/** Before claims: others that look after theirs will see this naming. */
	async announce(): Promise<StoreError | null> {
		return await this.cover(this.ids[0], AT_FIRST_MS);
	}

	/** What refuses a claim that was just granted. Asked for after it was: whoever claimed before it by another naming is among the notes. */
	async refusalAfterGrant(): Promise<StoreError | null> {
		const notes = await this.store.secretNotes();
		if (!notes.ok) return notes.error;
		// The store has lost what it knew: note it again.
		if (!notes.answer.some(({ id }) => id === this.ids[0])) this.noted.clear();
		return this.foreignIn(notes);
	}

	/** Records of this naming may live for so long from now. */
	async cover(id: string, lifetimeMs: number): Promise<StoreError | null> {
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

	/** The same for a record of which only the identity is known: all own namings that are noted are noted for so long. */
	async coverAny(lifetimeMs: number): Promise<StoreError | null> {
		const notes = await this.store.secretNotes();
		if (!notes.ok) return notes.error;
		for (const { id } of notes.answer) {
			const failed = this.ids.includes(id) ? await this.cover(id, lifetimeMs) : null;
			if (failed !== null) return failed;
		}
		return null;
	}

	/** This n8n uses the store. @param digest names the instance */
	async noteInstance(digest: string): Promise<StoreError | null> {
		return await this.cover(instanceNoteOf(digest), INSTANCE_NOTED_MS);
	}

	private foreignIn({ answer }: { readonly answer: readonly SecretNote[] }): StoreError | null {
		const foreign = answer.filter((note) => !isInstanceNote(note) && !this.ids.includes(note.id));
		if (foreign.length === 0) return null;
		const until = Math.max(...foreign.map((note) => note.until));
		if (foreign.every(({ id }) => isOtherVersion(id, this.ids))) {
			return new StoreError(
				'unknown_secret',
				`The store holds records of another version of this package, which this one can't find, until ${isoTime(until)}: requests that were handled before would count as new`,
				{ advice: 'Run the newest version of this package that uses the store everywhere.' },
			);
		}
		return new StoreError(
			'unknown_secret',
			`The store holds records of another secret than those of the credential, or of none, until ${isoTime(until)}: requests that were handled before would count as new`,
		);
	}
}
