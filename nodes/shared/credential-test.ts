import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import { describeRedis, openRedisStore, redisAdviceFor } from '../../lib/stores/redis';
import { requireFitting } from './credential-secrets';
import { complaintOf } from './messages';
import { redisOptionsOf } from './redis-credential';

/** Connects once and says what this Redis means for the promise. What breaks the promise fails the test. */
export async function testIdempotencyRedis(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	try {
		const data = credential.data ?? {};
		const options = redisOptionsOf(data);
		const { address, findings, roundTripMs } = await describeRedis(options);
		const problems = findings.filter(({ level }) => level === 'problem');
		if (problems.length > 0) {
			const message = problems.map(({ meaning }) => meaning).join(' ');
			return { status: 'Error', message: `Connected to ${address}, but: ${message}` };
		}
		await requireFitting(() => openRedisStore(options), data, redisAdviceFor);
		const seen = findings.map(({ topic, value }) => `${topic}: ${value}`).join(', ');
		const notes = findings.filter(({ level }) => level === 'note').map(({ meaning }) => meaning);
		return {
			status: 'OK',
			message: [`Connected to ${address} (${seen}, round trip ${roundTripMs} ms).`, ...notes].join(
				' ',
			),
		};
	} catch (error) {
		const { message, description } = complaintOf(error);
		return { status: 'Error', message: `${message}. ${description}` };
	}
}
