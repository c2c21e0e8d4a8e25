import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { DOCS_URL } from '../../lib/guard/docs-url';
import { STORE_CREDENTIAL_TESTS } from '../shared/store-credentials';
import { recordsProperties } from './description';
import { recordsItems } from './execute';

export class IdempotencyRecords implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Idempotency Records',
		name: 'idempotencyRecords',
		icon: { light: 'file:records.svg', dark: 'file:records.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: '={{ $parameter["operation"] }}',
		description: 'See which requests are remembered, count them, and settle those that are stuck',
		defaults: { name: 'Idempotency Records' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: undefined,
		documentationUrl: `${DOCS_URL}/blob/main/docs/records.md`,
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
		],
		properties: recordsProperties,
	};

	methods = { credentialTest: STORE_CREDENTIAL_TESTS };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await recordsItems(this);
	}
}
