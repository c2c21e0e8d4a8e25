import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { attemptAsync } from '../../../lib/core/attempt';
import { KeptBriefly } from '../kept-briefly';
import { ownNodeOf } from '../engine';
import { KEPT_MS } from '../stores';
import { textOf } from '../redis-credential';

/** What the user has told of the sender. */
export interface SignatureSecrets {
	readonly secrets: readonly string[];
	readonly verifyToken: string;
}

const TYPE = 'idempotentWebhookSignatureApi';

const kept = new KeptBriefly<IDataObject>(KEPT_MS);

/** The secrets of a node, read again every few seconds; none where it has no credential, or it can't be read. */
export async function signatureSecretsOf(
	context: Pick<IExecuteFunctions, 'getNode' | 'getCredentials'>,
): Promise<SignatureSecrets> {
	const id = ownNodeOf(context).credentials?.[TYPE]?.id;
	if (!id) return { secrets: [], verifyToken: '' };
	const read = async () => await context.getCredentials<IDataObject>(TYPE);
	const credential = await attemptAsync(async () => await kept.get(id, read));
	if (!credential.ok) return { secrets: [], verifyToken: '' };
	const { secret, secondSecret, verifyToken } = credential.value;
	return {
		secrets: [textOf(secret), textOf(secondSecret)].filter((each) => each.trim() !== ''),
		verifyToken: textOf(verifyToken),
	};
}
