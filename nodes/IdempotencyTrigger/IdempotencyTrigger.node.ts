import type {
	INodeType,
	INodeTypeDescription,
	ITriggerFunctions,
	ITriggerResponse,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { DOCS_URL } from '../../lib/guard/docs-url';
import { STORE_CREDENTIAL_TESTS } from '../shared/store-credentials';
import { triggerProperties } from './description';
import { watchAbandoned } from './trigger';

export class IdempotencyTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Idempotency Trigger',
		name: 'idempotencyTrigger',
		icon: { light: 'file:trigger.svg', dark: 'file:trigger.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle:
			'={{ $parameter["startOn"] === "threshold" ? "Too many at once" : "Abandoned requests" }}',
		description:
			'Starts the workflow for requests whose run stopped halfway, so that somebody checks what it did',
		eventTriggerDescription: 'Waiting for a request whose outcome is not known',
		activationMessage: 'Abandoned requests will now start this workflow.',
		defaults: { name: 'Idempotency Trigger' },
		triggerPanel: {
			header: '',
			executionsHelp: {
				inactive:
					'While you build the workflow, click the button: it shows one request whose outcome is not known, as an example, or waits for one. Its record is left as it is.',
				active:
					'Each request whose outcome is not known starts an execution, in the executions list. Click the button to see one as an example.',
			},
			activationHint: 'Once the workflow is published, it starts by itself.',
		},
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: undefined,
		documentationUrl: `${DOCS_URL}/blob/main/docs/trigger.md`,
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
		properties: triggerProperties,
	};

	methods = { credentialTest: STORE_CREDENTIAL_TESTS };

	async trigger(this: ITriggerFunctions): Promise<ITriggerResponse> {
		return await watchAbandoned(this);
	}
}
