import type {
	ICredentialTestFunctions,
	ICredentialsDecrypted,
	INode,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import { openPostgresStore, postgresAdviceFor, tryPostgres } from '../../lib/stores/postgres';
import { testIdempotencyRedis } from './credential-test';
import { requireFitting } from './credential-secrets';
import { complaintOf } from './messages';
import { postgresOptionsOf } from './postgres-credential';

/** The credential of each store that has one. */
const CREDENTIALS: Readonly<Record<string, string>> = {
	postgres: 'idempotencyPostgresApi',
	redis: 'idempotencyRedisApi',
};

/** For `methods.credentialTest` of every node. */
export const STORE_CREDENTIAL_TESTS = { testIdempotencyRedis, testIdempotencyPostgres };

/** The id of the credential that a node uses for its store; null where it has none. */
export function storeCredentialIdOf({ credentials, parameters }: INode): string | null {
	const type = CREDENTIALS[String(parameters.store)];
	return (type === undefined ? undefined : credentials?.[type]?.id) ?? null;
}

/** Connects once, takes a claim through its life, and says what this PostgreSQL means for the promise. */
export async function testIdempotencyPostgres(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	try {
		const data = credential.data ?? {};
		const options = postgresOptionsOf(data);
		const { address, version, roundTripMs, notes } = await tryPostgres(options);
		await requireFitting(() => openPostgresStore(options), data, postgresAdviceFor);
		const seen = `PostgreSQL ${version}, round trip ${roundTripMs} ms`;
		return { status: 'OK', message: [`Connected to ${address} (${seen}).`, ...notes].join(' ') };
	} catch (error) {
		const { message, description } = complaintOf(error);
		return { status: 'Error', message: `${message}. ${description}` };
	}
}
