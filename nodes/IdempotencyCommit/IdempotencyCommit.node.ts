import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { DOCS_URL } from '../../lib/guard/docs-url';
import { STORE_CREDENTIAL_TESTS } from '../shared/store-credentials';
import { commitProperties } from './description';
import { commitItems } from './execute';

export class IdempotencyCommit implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Idempotency Commit',
		name: 'idempotencyCommit',
		icon: { light: 'file:commit.svg', dark: 'file:commit.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ { save: "save result", fail: "save as failed", release: "give the request back", renew: "check the claim" }[$parameter["operation"]] }}',
		description: 'Save the result of a request, so that its duplicates get the same answer',
		defaults: { name: 'Idempotency Commit' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main, NodeConnectionTypes.Main],
		outputNames: ['Committed', 'Overtaken'],
		usableAsTool: undefined,
		documentationUrl: `${DOCS_URL}/blob/main/docs/commit.md`,
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
		properties: commitProperties,
	};

	methods = { credentialTest: STORE_CREDENTIAL_TESTS };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await commitItems(this);
	}
}
