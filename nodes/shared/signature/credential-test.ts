import type {
	ICredentialTestFunctions,
	ICredentialsDecrypted,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import { textOf } from '../redis-credential';

/** The credential's *Test*: whether its secrets are whole. Whether they are the sender's shows with its first request. */
export async function testIdempotentWebhookSignature(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	const { secret, secondSecret, verifyToken } = credential.data ?? {};
	const texts = [secret, secondSecret, verifyToken].map((each) => textOf(each));
	const error = (message: string): INodeCredentialTestResult => ({ status: 'Error', message });
	if (texts.every((each) => each.trim() === '')) return error('Enter a secret, or a verify token');
	if (texts.some((each) => each !== each.trim())) {
		return error('One of the values begins or ends with a blank: copy it again');
	}
	const message =
		'It is complete. Whether it is the secret of the sender shows with its first request.';
	return await Promise.resolve({ status: 'OK', message });
}
