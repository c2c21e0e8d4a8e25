import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import { StoreError } from '../../lib/core/reply';
import type { SecretAwareStore } from '../../lib/core/store';
import { namingIdsOf } from '../../lib/guard/naming';
import { SecretKeeper } from '../../lib/guard/secret-keeper';
import type { StoreSecrets } from '../../lib/guard/store-secrets';
import { MIN_SECRET_LENGTH, stretchedSecret } from '../../lib/guard/stretched-secret';
import { type AdviceFor, withAdvice } from '../../lib/stores/checked-store';
import { textOf } from './redis-credential';

/** What the credential of a store says to keep its contents secret with, stretched. @throws StoreError where the secret is too short */
export async function credentialSecrets(
	credential: ICredentialDataDecryptedObject,
): Promise<StoreSecrets> {
	const given = textOf(credential.secret);
	requireLength(given);
	const [secret, previousSecret] = await Promise.all([
		stretchedSecret(given),
		stretchedSecret(textOf(credential.previousSecret)),
	]);
	return { secret, previousSecret };
}

function requireLength(secret: string): void {
	if (secret === '' || secret.length >= MIN_SECRET_LENGTH) return;
	throw new StoreError(
		'configuration',
		`"Secret" of the credential is shorter than ${MIN_SECRET_LENGTH} characters`,
		{ advice: 'Take a long random text, such as one made by "openssl rand -base64 32".' },
	);
}

/** @throws StoreError where records are of another secret: every request would count as new. */
export async function fittingKeeper(
	store: SecretAwareStore,
	secrets: StoreSecrets,
	adviceFor: AdviceFor,
): Promise<SecretKeeper> {
	const keeper = new SecretKeeper(store, namingIdsOf(secrets));
	const refusal = await keeper.refusal();
	if (refusal !== null) throw withAdvice(refusal, adviceFor);
	return keeper;
}

/** The same for the test of a credential: with a store of its own, which is closed again. */
export async function requireFitting(
	open: () => SecretAwareStore,
	credential: ICredentialDataDecryptedObject,
	adviceFor: AdviceFor,
): Promise<void> {
	const secrets = await credentialSecrets(credential);
	const store = open();
	try {
		await fittingKeeper(store, secrets, adviceFor);
	} finally {
		await store.close();
	}
}
