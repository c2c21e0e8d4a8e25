import { homedir } from 'node:os';
import { join } from 'node:path';
import type { IExecuteFunctions } from 'n8n-workflow';

import { StoreError } from '../../lib/core/reply';
import type { Store, StoreKind } from '../../lib/core/store';
import type { OpenStore } from '../../lib/guard/opened-store';
import { secretIdOf } from '../../lib/guard/opened-store';
import { embeddedAdviceFor, openEmbeddedStore } from '../../lib/stores/embedded';
import type { RedisOptions, SecretAwareStore } from '../../lib/stores/redis';
import {
	NO_SECRET,
	connectionDigestOf,
	openRedisStore,
	redisAdviceFor,
} from '../../lib/stores/redis';
import { redisOptionsOf, textOf } from './redis-credential';

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
		// The next run tries again: what is wrong may be mended by then.
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
