import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { attemptAsync } from '../../lib/core/attempt';
import { textOf } from '../shared/redis-credential';

/** The header of "Header Auth", whose name is the user's: it holds a credential, and goes nowhere. */
export async function credentialHeaders(
	context: Pick<IExecuteFunctions, 'getCredentials' | 'getNode'>,
): Promise<string[]> {
	if (context.getNode().parameters.authentication !== 'headerAuth') return [];
	const read = await attemptAsync(
		async () => await context.getCredentials<IDataObject>('httpHeaderAuth'),
	);
	return read.ok ? [textOf(read.value.name).toLowerCase()] : [];
}
