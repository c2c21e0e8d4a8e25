import type { IDataObject, IWebhookFunctions, INodeExecutionData } from 'n8n-workflow';

import type { OwnerCommand } from '../../lib/core/record';
import { StoreError, replyAt } from '../../lib/core/reply';
import type { GrantedClaim } from '../../lib/guard/claim-items';
import type { OpenStore } from '../../lib/guard/opened-store';
import type { ResultBinary } from '../../lib/results/result-codec';
import { ALWAYS_REDACTED } from '../../lib/results/redaction';
import { REQUEST_PURPOSE } from '../../lib/results/purposes';
import { encodeResult } from '../../lib/results/result-codec';
import type { DoorRequest } from './request';
import { startingItem } from './request';

/** Largest request that is kept with its claim until its run has started, in bytes. */
export const MAX_KEPT_REQUEST = 1024 * 1024;

/** The item that a workflow starts with for a request. */
export async function itemOf(
	context: IWebhookFunctions,
	request: DoorRequest,
	outputField: string,
	details: IDataObject,
): Promise<INodeExecutionData> {
	return await startingItem(context, request, { [outputField]: details });
}

/** Whether a request could be kept; one that is too large is refused before it is acknowledged. */
export type Keeping = 'kept' | 'too_large';

/**
 * Keeps a request with its claim until its run has started: whole, with its files. It will be acknowledged, so it must not be lost with
 * this n8n. Only what proves who the caller is goes: the header fields that hold credentials.
 *
 * @param ownHeaders of the credential by which callers prove it: `credentialHeaders`
 * @throws StoreError where the store can't be asked, and where the claim's time was over before it had the request: it is not kept then
 */
export async function keepRequest(
	{ secret, store }: OpenStore,
	request: DoorRequest,
	{ identity, owner, fence, tenant }: GrantedClaim,
	ownHeaders: readonly string[],
): Promise<Keeping> {
	const secretHeaders = [...ALWAYS_REDACTED, ...ownHeaders];
	const encoded = encodeResult(
		[{ json: withoutHeaders(request.json, secretHeaders), binary: await filesOf(request) }],
		{
			maxBytes: MAX_KEPT_REQUEST,
			keepsNames: true,
			...(secret === ''
				? {}
				: { encryption: { secret, tenant, identity, purpose: REQUEST_PURPOSE } }),
		},
	);
	if (!encoded.stored) return 'too_large';
	const { bytes } = encoded;
	const order: OwnerCommand = {
		type: 'deposit',
		identity,
		owner,
		fence,
		ownRun: true,
		request: bytes,
	};
	const reply = replyAt(await store.command([order]), 0);
	if (!reply.ok) throw reply.error;
	if (reply.answer.outcome !== 'done') {
		throw new StoreError('timeout', 'The claim ended before its request could be kept with it');
	}
	return 'kept';
}

function withoutHeaders(json: IDataObject, names: readonly string[]): IDataObject {
	const headers = Object.fromEntries(
		Object.entries(json.headers as IDataObject).filter(([name]) => !names.includes(name)),
	);
	return { ...json, headers };
}

async function filesOf({ files }: DoorRequest): Promise<Record<string, ResultBinary>> {
	const kept: Record<string, ResultBinary> = {};
	for (const [name, file] of files) {
		const data = (await file.content()).toString('base64');
		kept[name] = { data, mimeType: file.mimeType, fileName: file.fileName };
	}
	return kept;
}
