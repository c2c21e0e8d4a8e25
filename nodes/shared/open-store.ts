import { homedir } from 'node:os';
import { join } from 'node:path';
import type { IExecuteFunctions } from 'n8n-workflow';

import { attempt } from '../../lib/core/attempt';
import { StoreError } from '../../lib/core/reply';
import type { StoreKind } from '../../lib/core/store';
import { namingIdsOf } from '../../lib/guard/naming';
import type { OpenStore } from '../../lib/guard/opened-store';
import type { StoreSecrets } from '../../lib/guard/store-secrets';
import type { SecretKeeper } from '../../lib/guard/secret-keeper';
import { sha256 } from '../../lib/keys/sha256';
import type { AdviceFor } from '../../lib/stores/checked-store';
import { embeddedAdviceFor } from '../../lib/stores/embedded';
import { postgresAdviceFor } from '../../lib/stores/postgres';
import { redisAdviceFor } from '../../lib/stores/redis';
import { credentialSecrets, fittingKeeper } from './credential-secrets';
import { runsInQueueMode } from './n8n-settings';
import { postgresOptionsOf } from './postgres-credential';
import { redisOptionsOf } from './redis-credential';
import type { SharedWithSecrets } from './stores';
import { stores } from './stores';

/** @throws StoreError where this n8n can't use the store; n8n's own error where the credential can't be read. */
export async function openStore(
	context: Pick<IExecuteFunctions, 'getCredentials' | 'getInstanceId'>,
	kind: StoreKind,
): Promise<OpenStore> {
	if (kind === 'embedded') return await openEmbedded();
	const isRedis = kind === 'redis';
	const credential = await context.getCredentials(
		isRedis ? 'idempotencyRedisApi' : 'idempotencyPostgresApi',
	);
	const redis = isRedis ? redisOptionsOf(credential) : null;
	const secrets = await credentialSecrets(credential);
	const shared =
		redis === null ? stores.postgres(postgresOptionsOf(credential)) : stores.redis(redis);
	const adviceFor = isRedis ? redisAdviceFor : postgresAdviceFor;
	const secretKeeper = await secretKeeperOf(shared, secrets, adviceFor);
	// Told by the credential's test. What can't be noted now is not worth failing for.
	await secretKeeper.noteInstance(sha256(context.getInstanceId()).subarray(0, 8).toString('hex'));
	const { store, leases, lost, names } = shared;
	return { store, leases, lost, names, ...secrets, secretKeeper };
}

/**
 * One for a store and its secrets: it knows what it has noted. Whether they fit is asked once; later, whoever claims looks again.
 *
 * @throws StoreError where records are of another secret: every request would count as new.
 */
async function secretKeeperOf(
	shared: SharedWithSecrets,
	secrets: StoreSecrets,
	adviceFor: AdviceFor,
): Promise<SecretKeeper> {
	const ids = namingIdsOf(secrets);
	const of = ids.join(' ');
	const known = shared.fitting;
	if (known?.of === of) return known.keeper;
	const keeper = await fittingKeeper(shared.store, secrets, adviceFor);
	// Another may have asked at the same time.
	if (shared.fitting?.of !== of) shared.fitting = { of, keeper };
	return shared.fitting.keeper;
}

async function openEmbedded(): Promise<OpenStore> {
	const inQueueMode = attempt(runsInQueueMode);
	if (!inQueueMode.ok) {
		throw new StoreError(
			'configuration',
			"Nobody can tell whether this n8n runs in queue mode: the file that EXECUTIONS_MODE_FILE names can't be read",
			{ advice: 'Let the user that n8n runs as read it, or set EXECUTIONS_MODE.' },
		);
	}
	if (inQueueMode.value) {
		throw new StoreError(
			'unsupported',
			'This n8n runs in queue mode, where workers may be on other machines: a store in a file of this one would not see their runs',
			{ advice: embeddedAdviceFor('unsupported') },
		);
	}
	const { store, leases, lost, names } = stores.embedded(embeddedFile());
	await store.begin();
	return { store, leases, lost, names, secret: '', previousSecret: '' };
}

/** In n8n's own folder, as its InstanceSettings finds it. */
function embeddedFile(): string {
	return join(process.env.N8N_USER_FOLDER || homedir(), '.n8n', 'idempotency.sqlite');
}
