import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { DOCS_URL } from '../../lib/guard/docs-url';
import { testIdempotentWebhookSignature } from '../shared/signature/credential-test';
import { STORE_CREDENTIAL_TESTS } from '../shared/store-credentials';
import { guardProperties } from './description';
import { guardItems } from './execute';

export class IdempotencyGuard implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Idempotency Guard',
		name: 'idempotencyGuard',
		icon: { light: 'file:guard.svg', dark: 'file:guard.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ { delivery: "by delivery ID", expression: "by custom value", fields: "by selected fields", payload: "by whole payload" }[$parameter["keySource"]] }}',
		description:
			'Let each request through once: recognizes duplicates and answers them with the first result',
		defaults: { name: 'Idempotency Guard' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main, NodeConnectionTypes.Main, NodeConnectionTypes.Main],
		outputNames: ['New', 'Duplicate', 'Conflict'],
		usableAsTool: undefined,
		documentationUrl: `${DOCS_URL}/blob/main/docs/guard.md`,
		credentials: [
			{
				name: 'idempotencyRedisApi',
				required: true,
				testedBy: 'testIdempotencyRedis',
				displayOptions: { show: { store: ['redis'] } },
			},
			{
				name: 'idempotencyPostgresApi',
				required: true,
				testedBy: 'testIdempotencyPostgres',
				displayOptions: { show: { store: ['postgres'] } },
			},
			{
				name: 'idempotentWebhookSignatureApi',
				required: true,
				testedBy: 'testIdempotentWebhookSignature',
				displayOptions: { show: { '/options.verifySignature': ['sender', 'hmac'] } },
			},
		],
		properties: guardProperties,
	};

	methods = { credentialTest: { ...STORE_CREDENTIAL_TESTS, testIdempotentWebhookSignature } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await guardItems(this);
	}
}
