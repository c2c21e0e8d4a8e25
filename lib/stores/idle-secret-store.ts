import type { Reply } from '../core/reply';
import type { SecretAwareStore, SecretNote } from '../core/store';
import { IdleStore } from './idle-store';

/** A shared store that notes secrets. */
export class IdleSecretStore extends IdleStore<SecretAwareStore> implements SecretAwareStore {
	async secretNotes(): Promise<Reply<readonly SecretNote[]>> {
		return await this.ask(async (store) => await store.secretNotes());
	}

	async noteSecret(id: string, lifetimeMs: number): Promise<Reply<null>> {
		return await this.ask(async (store) => await store.noteSecret(id, lifetimeMs));
	}
}
