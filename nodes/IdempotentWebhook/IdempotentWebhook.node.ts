import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { DOCS_URL } from '../../lib/guard/docs-url';
import { STORE_CREDENTIAL_TESTS } from '../shared/store-credentials';
import { webhookProperties } from './description';
import { answerAtDoor } from './answer-at-door';
import { startRun } from './start';
import { testIdempotentWebhookSignature } from '../shared/signature/credential-test';
import { WEBHOOK_DESCRIPTION } from './webhook-description';

export class IdempotentWebhook implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Idempotent Webhook',
		name: 'idempotentWebhook',
		icon: { light: 'file:webhook.svg', dark: 'file:webhook.dark.svg' },
		group: ['trigger'],
		// From version 2 on n8n evaluates no expressions of its own for each request.
		version: 2,
		subtitle: '={{ $parameter["path"] }}',
		description:
			'Starts the workflow once for each request, and answers duplicates without starting it again',
		eventTriggerDescription: 'Waiting for you to call the Test URL',
		activationMessage: 'You can now make calls to your production webhook URL.',
		defaults: { name: 'Idempotent Webhook' },
		supportsCORS: true,
		sensitiveOutputFields: ['headers.authorization', 'headers.cookie'],
		triggerPanel: {
			header: '',
			executionsHelp: {
				inactive:
					'While you build the workflow, click the listen button and send a request to the test URL. When it is published, send requests to the production URL. Duplicates are answered at the door and start no execution.',
				active:
					'Send requests to the production URL: each starts one execution, in the executions list. Duplicates are answered at the door and start none.',
			},
			activationHint:
				'Once the workflow is published, it runs without clicking this button by the production URL.',
		},
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: undefined,
		documentationUrl: `${DOCS_URL}/blob/main/docs/webhook.md`,
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
				// Handshakes need it as well where no signature is checked, so it is always there to choose.
				name: 'idempotentWebhookSignatureApi',
				required: false,
				testedBy: 'testIdempotentWebhookSignature',
			},
			{
				name: 'httpBasicAuth',
				required: true,
				displayOptions: { show: { authentication: ['basicAuth'] } },
			},
			{
				name: 'httpHeaderAuth',
				required: true,
				displayOptions: { show: { authentication: ['headerAuth'] } },
			},
			{
				name: 'jwtAuth',
				required: true,
				displayOptions: { show: { authentication: ['jwtAuth'] } },
			},
		],
		webhooks: [WEBHOOK_DESCRIPTION],
		properties: webhookProperties,
	};

	methods = { credentialTest: { ...STORE_CREDENTIAL_TESTS, testIdempotentWebhookSignature } };

	/** Before there is any execution: answers, or starts one. */
	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await answerAtDoor(this);
	}

	/** In the execution that was started, wherever it runs. */
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await startRun(this);
	}
}
