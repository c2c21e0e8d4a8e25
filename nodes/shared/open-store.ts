import { homedir } from 'node:os';
import { join } from 'node:path';
import type { IExecuteFunctions } from 'n8n-workflow';

import { StoreError } from '../../lib/core/reply';
import type { SecretAwareStore, Store, StoreKind } from '../../lib/core/store';
import type { OpenStore } from '../../lib/guard/opened-store';
import { secretIdOf } from '../../lib/guard/opened-store';
import { SecretKeeper } from '../../lib/guard/secret-keeper';
import { MIN_SECRET_LENGTH, stretchedSecret } from '../../lib/guard/stretched-secret';
import { withAdvice } from '../../lib/stores/checked-store';
import { embeddedAdviceFor, openEmbeddedStore } from '../../lib/stores/embedded';
import type { RedisOptions } from '../../lib/stores/redis';
import { connectionDigestOf, openRedisStore, redisAdviceFor } from '../../lib/stores/redis';
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
	const [given, before] = [textOf(credential.secret), textOf(credential.previousSecret)];
	requireLength(given);
	const [secret, previousSecret] = await Promise.all([
		stretchedSecret(given),
		stretchedSecret(before),
	]);
	const store = redisStore(options);
	const secretKeeper = secretKeeperOf(store, secret, previousSecret);
	await requireSecretOfRecords(secretKeeper);
	return { store, secret, previousSecret, secretKeeper };
}

function requireLength(secret: string): void {
	if (secret === '' || secret.length >= MIN_SECRET_LENGTH) return;
	throw new StoreError(
		'configuration',
		`"Secret" of the credential is shorter than ${MIN_SECRET_LENGTH} characters`,
		{ advice: 'Take a long random text, such as one made by "openssl rand -base64 32".' },
	);
}

const secretKeepers = new WeakMap<Store, { readonly of: string; readonly keeper: SecretKeeper }>();

/** One for a store and its secrets: it knows what it has noted. */
function secretKeeperOf(
	store: SecretAwareStore,
	secret: string,
	previousSecret: string,
): SecretKeeper {
	const ids = {
		current: secretIdOf(secret),
		// Without a secret nothing is sealed, so that what was sealed before would be read beside what anybody may write.
		previous: secret === '' || previousSecret === '' ? '' : secretIdOf(previousSecret),
	};
	const of = JSON.stringify(ids);
	const known = secretKeepers.get(store);
	if (known?.of === of) return known.keeper;
	const keeper = new SecretKeeper(store, ids);
	secretKeepers.set(store, { of, keeper });
	return keeper;
}

/** Those whose secrets were found to fit: asked once a process and change. Later, whoever claims looks again. */
const fitting = new WeakSet<SecretKeeper>();

/** @throws StoreError where records are of another secret: every request would count as new. */
async function requireSecretOfRecords(secretKeeper: SecretKeeper): Promise<void> {
	if (fitting.has(secretKeeper)) return;
	const refusal = await secretKeeper.refusal();
	if (refusal !== null) throw withAdvice(refusal, redisAdviceFor);
	fitting.add(secretKeeper);
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
