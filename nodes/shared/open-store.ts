import { hkdfSync } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { IExecuteFunctions } from 'n8n-workflow';

import { embeddedAdviceFor, openEmbeddedStore } from '../../lib/stores/embedded';
import type { RedisOptions, SecretAwareStore } from '../../lib/stores/redis';
import { NO_SECRET, openRedisStore, redisAdviceFor } from '../../lib/stores/redis';
import { connectionDigestOf } from '../../lib/stores/redis/options';
import type { Reply } from '../../lib/core/reply';
import type { Store, StoreKind } from '../../lib/core/store';
import { StoreError } from '../../lib/core/reply';
import { redisOptionsOf, textOf } from './redis-credential';

/** A store and what keeps its contents secret. */
export interface OpenStore {
	readonly store: Store;
	/** Identity HMAC and result encryption; '' where the credential has none. */
	readonly secret: string;
	/** The secret before it was changed: its records are still found and read. */
	readonly previousSecret: string;
}

/** For how long what was opened may be used without reading its credential again, which costs n8n more than a claim costs us. */
export const KEPT_MS = 5_000;

/** @throws StoreError where this n8n can't use the store; n8n's own error where the credential can't be read. */
export async function openStore(
	context: Pick<IExecuteFunctions, 'getCredentials'>,
	kind: StoreKind,
): Promise<OpenStore> {
	if (kind === 'embedded') return { store: await embeddedStore(), secret: '', previousSecret: '' };
	const credential = await context.getCredentials('idempotencyRedisApi');
	const options = redisOptionsOf(credential);
	const opened = {
		store: redisStore(options),
		secret: textOf(credential.secret),
		previousSecret: textOf(credential.previousSecret),
	};
	await requireSecretOfRecords(opened);
	return opened;
}

/** The secrets that a store was found to fit last: asked again when the credential was changed, and once a process. */
const fitting = new WeakMap<Store, string>();

/** @throws StoreError where the records are of another secret: every request would count as new. */
async function requireSecretOfRecords({
	store,
	secret,
	previousSecret,
}: OpenStore & { readonly store: SecretAwareStore }): Promise<void> {
	const secrets = JSON.stringify([secret, previousSecret]);
	if (fitting.get(store) === secrets) return;
	const id = secret === '' ? NO_SECRET : secretIdOf(secret);
	const previousId = previousSecret === '' ? '' : secretIdOf(previousSecret);
	const reply = await store.acceptsSecret(id, previousId);
	if (!reply.ok) throw reply.error;
	if (!reply.answer) {
		throw new StoreError(
			'unknown_secret',
			'Redis holds records of another secret than that of the credential, or of none: every request would count as new',
			{ advice: redisAdviceFor('unknown_secret') },
		);
	}
	fitting.set(store, secrets);
}

/** The key to seal with, then earlier ones. */
export type SigningKeys = readonly [Buffer, ...Buffer[]];

/**
 * The keys that authenticate claim tokens, the one to seal with first: of the secret where there is one, else the one that the store
 * made; and that of the previous secret, for claims granted before the change.
 */
export async function signingKeysOf(opened: OpenStore): Promise<Reply<SigningKeys>> {
	const { store, secret, previousSecret } = opened;
	const earlier = previousSecret === '' ? [] : [tokenKeyOf(previousSecret)];
	if (secret !== '') {
		return { ok: true, micros: 0, answer: [tokenKeyOf(secret), ...earlier] };
	}
	const made = await store.signingKey();
	return made.ok ? { ...made, answer: [made.answer, ...earlier] } : made;
}

/** Tells secrets apart without telling them. */
function secretIdOf(secret: string): string {
	return derivedFrom(secret, 'idempotency secret id', 16).toString('hex');
}

function tokenKeyOf(secret: string): Buffer {
	return derivedFrom(secret, 'idempotency claim token', 32);
}

function derivedFrom(secret: string, purpose: string, bytes: number): Buffer {
	return Buffer.from(hkdfSync('sha256', secret, '', purpose, bytes));
}

/** The secrets that results may be encrypted with; undefined where there are none. */
export function secretsOf({ secret, previousSecret }: OpenStore): string[] | undefined {
	const secrets = [secret, previousSecret].filter((each) => each !== '');
	return secrets.length === 0 ? undefined : secrets;
}

const redisStores = new Map<string, SecretAwareStore>();

/** One for a credential, so that Guard and Commit share one lease keeper. Its connection opens and closes by itself. */
function redisStore(options: RedisOptions): SecretAwareStore {
	const name = `${connectionDigestOf(options)} ${options.keyPrefix}`;
	let store = redisStores.get(name);
	if (store === undefined) {
		store = openRedisStore(options);
		redisStores.set(name, store);
	}
	return store;
}

let embedded: Promise<Store> | undefined;

async function embeddedStore(): Promise<Store> {
	if (runsInQueueMode()) {
		throw new StoreError(
			'unsupported',
			'This n8n runs in queue mode, where workers may be on other machines: a store in a file of this one would not see their runs',
			{ advice: embeddedAdviceFor('unsupported') },
		);
	}
	if (embedded === undefined) {
		embedded = openEmbeddedStore({ file: embeddedFile() });
		// What can't be opened now may be mended by the next run.
		embedded.catch(() => (embedded = undefined));
	}
	return await embedded;
}

function runsInQueueMode(): boolean {
	return process.env.EXECUTIONS_MODE === 'queue';
}

/** In n8n's own folder, as its InstanceSettings finds it. */
function embeddedFile(): string {
	return join(process.env.N8N_USER_FOLDER || homedir(), '.n8n', 'idempotency.sqlite');
}
