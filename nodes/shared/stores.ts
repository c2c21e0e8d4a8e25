import type { OpenStore } from '../../lib/guard/opened-store';
import type { SecretKeeper } from '../../lib/guard/secret-keeper';
import type { StoreKeepers } from '../../lib/guard/store-keepers';
import { keepersFor } from '../../lib/guard/store-keepers';
import { Patience } from '../../lib/guard/patience';
import type { Store, StoreKind } from '../../lib/core/store';
import { openEmbeddedStore } from '../../lib/stores/embedded';
import { IdleSecretStore } from '../../lib/stores/idle-secret-store';
import { IdleStore } from '../../lib/stores/idle-store';
import type { PostgresOptions } from '../../lib/stores/postgres';
import { openPostgresStore, optionsDigestOf } from '../../lib/stores/postgres';
import { Settlements } from '../../lib/stores/rows/settlements';
import type { RedisOptions } from '../../lib/stores/redis';
import { RedisConnections, connectionDigestOf, openRedisStore } from '../../lib/stores/redis';
import { KeptBriefly } from './kept-briefly';

/** For how long what was opened may be used without reading its credential again, which costs n8n more than a claim costs us. */
export const KEPT_MS = 5_000;

const IDLE_MS = 60_000;

/** A store that is open once in this process, with what its users share. */
export interface Shared<Shown extends IdleStore<Store>> extends StoreKeepers {
	readonly store: Shown;
}

export interface SharedWithSecrets extends Shared<IdleSecretStore> {
	/** The secrets that its records were found to fit last, and who keeps them. */
	fitting?: { readonly of: string; readonly keeper: SecretKeeper };
}

/** In which store a claim was granted, and by which credential, until when that is believed. */
export interface Granted {
	readonly opened: OpenStore;
	readonly credentialId: string | null;
	readonly until: number;
}

/**
 * All that this process has open, in one place. A store is opened by the first who asks for it, shared by all, and closed when
 * nobody has used it for a while. Nothing here keeps a process alive: when n8n reloads the package, what is left behind closes.
 */
export class Stores {
	private readonly connections = new RedisConnections();

	private readonly embeddedStores = new Map<string, Shared<IdleStore<Store>>>();

	private readonly redisStores = new Map<string, SharedWithSecrets>();

	private readonly postgresStores = new Map<string, SharedWithSecrets>();

	/** What the door opened by a credential a moment ago. */
	private readonly atDoor = new KeptBriefly<OpenStore>(KEPT_MS);

	/** How long who only watches waits for a store, by store and credential: also for one that can't be opened. */
	private readonly patiences = new Map<string, Patience>();

	/** By execution, as long as n8n holds it, and by token. */
	private readonly granted = new WeakMap<object, Map<string, Granted>>();

	/** @param idleMs a store that nobody used for so long is closed */
	constructor(private readonly idleMs = IDLE_MS) {}

	embedded(file: string): Shared<IdleStore<Store>> {
		return shared(this.embeddedStores, file, (onIdle) => {
			const settlements = new Settlements();
			const open = async () => await openEmbeddedStore({ file, settlements });
			return new IdleStore('embedded', open, { idleMs: this.idleMs, onIdle });
		});
	}

	/** One for a connection and prefix: credentials that say the same share it. */
	redis(options: RedisOptions): SharedWithSecrets {
		const name = `${connectionDigestOf(options)} ${options.keyPrefix}`;
		return shared(this.redisStores, name, (onIdle) => {
			const open = () => openRedisStore(options, this.connections);
			return new IdleSecretStore('redis', open, { idleMs: this.idleMs, onIdle });
		});
	}

	/** One for a database, its tables and its user. */
	postgres(options: PostgresOptions): SharedWithSecrets {
		return shared(this.postgresStores, optionsDigestOf(options), (onIdle) => {
			const settlements = new Settlements();
			const open = () => openPostgresStore(options, settlements);
			return new IdleSecretStore('postgres', open, { idleMs: this.idleMs, onIdle });
		});
	}

	/** What `open` gave for the credential a moment ago; else what it gives now. What fails is asked again by the next. */
	async openedBy(credentialId: string, open: () => Promise<OpenStore>): Promise<OpenStore> {
		return await this.atDoor.get(credentialId, open);
	}

	/** One for all who ask the same store. */
	patienceWith(kind: StoreKind, credentialId: string | null): Patience {
		const name = `${kind} ${credentialId ?? ''}`;
		const known = this.patiences.get(name) ?? new Patience();
		this.patiences.set(name, known);
		return known;
	}

	rememberGrants(execution: object, tokens: readonly string[], granted: Granted): void {
		const known = this.granted.get(execution) ?? new Map<string, Granted>();
		this.granted.set(execution, known);
		for (const token of tokens) known.set(token, granted);
	}

	grantOf(execution: object, token: string): Granted | undefined {
		return this.granted.get(execution)?.get(token);
	}

	/** Closes all that is open. */
	async close(): Promise<void> {
		const open = [this.embeddedStores, this.redisStores, this.postgresStores].flatMap(
			(each: ReadonlyMap<string, { readonly store: { close(): Promise<void> } }>) => [
				...each.values(),
			],
		);
		this.embeddedStores.clear();
		this.redisStores.clear();
		this.postgresStores.clear();
		this.atDoor.clear();
		this.patiences.clear();
		await Promise.all(open.map(async ({ store }) => await store.close()));
	}
}

function shared<Shown extends IdleStore<Store>>(
	known: Map<string, Shared<Shown>>,
	name: string,
	make: (onIdle: () => void) => Shown,
): Shared<Shown> {
	const same = known.get(name);
	if (same !== undefined) return same;
	const store = make(() => known.delete(name));
	const made = { store, ...keepersFor(store) };
	known.set(name, made);
	return made;
}

/** Those of this process. */
export const stores = new Stores();
