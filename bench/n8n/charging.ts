import type { PaymentService } from '../../test/support/payment-service';
import type { N8nSession } from '../../scripts/lib/n8n-session';
import type { Store, Workflow, WorkflowNode } from './workflows';
import { commit, guard, noOp, webhookWorkflow } from './workflows';

/** Workflows that charge an order once, each in its own way. */

const REDIS = { id: 'benchRedis1', name: 'Redis' };

/** For n8n's Redis node, as `n8n import:credentials` takes it. */
export const redisNodeCredential = (port: number) => ({
	...REDIS,
	type: 'redis',
	data: { host: '127.0.0.1', port, database: 0, user: '', password: '' },
});

/** The key as each workflow reads it from the webhook's item. */
const KEY = "={{ $json.headers['idempotency-key'] }}";

function charge({ url }: PaymentService): WorkflowNode {
	return {
		name: 'Charge',
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		parameters: {
			method: 'POST',
			url,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: "={{ $('Webhook').item.json.body }}",
			options: {},
		},
	};
}

/** By the Guard. */
export function guarded(store: Store, downstream: PaymentService): Workflow {
	const waiting = { onInProgress: 'wait', maxWaitSeconds: 60 };
	return webhookWorkflow(
		`charge-guard-${store}`,
		[
			guard(store, {}, waiting),
			charge(downstream),
			commit(store),
			noOp('Replay'),
			noOp('Conflict'),
		],
		[
			['Webhook', 0, 'Guard'],
			['Guard', 0, 'Charge'],
			['Charge', 0, 'Commit'],
			['Guard', 1, 'Replay'],
			['Guard', 2, 'Conflict'],
		],
	);
}

/** By n8n's Remove Duplicates. */
export function removeDuplicates(downstream: PaymentService): Workflow {
	const node: WorkflowNode = {
		name: 'Remove Duplicates',
		type: 'n8n-nodes-base.removeDuplicates',
		typeVersion: 2,
		parameters: {
			operation: 'removeItemsSeenInPreviousExecutions',
			logic: 'removeItemsWithAlreadySeenKeyValues',
			dedupeValue: KEY,
			options: {},
		},
	};
	return webhookWorkflow(
		'charge-remove-duplicates',
		[node, charge(downstream), noOp('Seen')],
		[
			['Webhook', 0, 'Remove Duplicates'],
			['Remove Duplicates', 0, 'Charge'],
			['Remove Duplicates', 1, 'Seen'],
		],
	);
}

/** By n8n's Redis node: GET, If, and SET after the charge. */
export function getThenSet(downstream: PaymentService): Workflow {
	const redisNode = (name: string, parameters: Record<string, unknown>): WorkflowNode => ({
		name,
		type: 'n8n-nodes-base.redis',
		typeVersion: 1,
		parameters,
		credentials: { redis: REDIS },
	});
	const key = "=done:{{ $('Webhook').item.json.headers['idempotency-key'] }}";
	const value = "={{ $('Webhook').item.json.headers['idempotency-key'] }}";
	const isNew: WorkflowNode = {
		name: 'Is New',
		type: 'n8n-nodes-base.if',
		typeVersion: 2,
		parameters: {
			conditions: {
				options: { caseSensitive: true, leftValue: '', typeValidation: 'loose' },
				combinator: 'and',
				conditions: [
					{
						id: 'is-new',
						leftValue: '={{ $json.seen }}',
						rightValue: '',
						operator: { type: 'string', operation: 'empty', singleValue: true },
					},
				],
			},
			options: {},
		},
	};
	return webhookWorkflow(
		'charge-get-then-set',
		[
			redisNode('Get', { operation: 'get', propertyName: 'seen', key, options: {} }),
			isNew,
			charge(downstream),
			redisNode('Set', { operation: 'set', key, value, expire: true, ttl: 3600 }),
			noOp('Seen'),
		],
		[
			['Webhook', 0, 'Get'],
			['Get', 0, 'Is New'],
			['Is New', 0, 'Charge'],
			['Charge', 0, 'Set'],
			['Is New', 1, 'Seen'],
		],
	);
}

/** By n8n's Data Table: whether there is a row of this key, and a new row after the charge. */
export async function dataTable(
	session: N8nSession,
	downstream: PaymentService,
): Promise<Workflow> {
	const columns = ['key', 'charge'].map((name) => ({ name, type: 'string' }));
	const project = await session.call<{ id: string }>('GET', '/rest/projects/personal');
	const path = `/rest/projects/${project.id}/data-tables`;
	const table = await session.call<{ id: string }>('POST', path, { name: 'charged', columns });
	const tableNode = (name: string, operation: string, parameters: object): WorkflowNode => ({
		name,
		type: 'n8n-nodes-base.dataTable',
		typeVersion: 1.1,
		parameters: {
			operation,
			dataTableId: { __rl: true, mode: 'list', value: table.id, cachedResultName: 'charged' },
			...parameters,
		},
	});
	const value = {
		key: "={{ $('Webhook').item.json.headers['idempotency-key'] }}",
		charge: '={{ $json.id }}',
	};
	const schema = columns.map(({ name, type }) => ({ id: name, displayName: name, type }));
	return webhookWorkflow(
		'charge-data-table',
		[
			tableNode('Is New', 'rowNotExists', {
				filters: { conditions: [{ keyName: 'key', condition: 'eq', keyValue: KEY }] },
			}),
			charge(downstream),
			tableNode('Insert', 'insert', {
				columns: { mappingMode: 'defineBelow', value, schema },
			}),
		],
		[
			['Webhook', 0, 'Is New'],
			['Is New', 0, 'Charge'],
			['Charge', 0, 'Insert'],
		],
		// Where there is such a row, the last node gives nothing: all entries, then, are none.
		{ responseData: 'allEntries' },
	);
}
