import { onCleanup } from '../../scripts/lib/cleanup.mjs';
import { redisCredential } from '../../scripts/lib/example';
import { during } from '../../scripts/lib/log.mjs';
import { fireStorm } from '../../scripts/lib/storm';
import type { Answer } from '../../scripts/lib/storm';
import { startPaymentService } from '../../test/support/payment-service';
import type { PaymentService } from '../../test/support/payment-service';
import { runN8nWith } from '../n8n/run-n8n';
import type { Store, Workflow, WorkflowNode } from '../n8n/workflows';
import { commit, guard, noOp, webhookWorkflow } from '../n8n/workflows';
import type { BenchRedis } from '../redis';
import type { Report } from '../report';
import { inN8nRows } from '../rows/in-n8n';
import type { Scale } from '../scale';

const TIMES = 4;

export const IN_N8N = 'in n8n: concurrent deliveries';

const REDIS = { id: 'benchRedis1', name: 'Redis' };

/** The key as each workflow reads it from the webhook's item. */
const KEY = "={{ $json.headers['idempotency-key'] }}";

/**
 * The same storm at a real n8n: each of some orders delivered 4 times at once to a workflow that charges. What n8n itself offers,
 * against the Guard; then how fast each of them is, with orders that are all new.
 */
export async function correctnessInN8n(
	redis: BenchRedis,
	report: Report,
	scale: Scale,
): Promise<void> {
	const keys = scale.of({ full: 50, short: 20 });
	const downstream = await startPaymentService({ delayMs: 20 });
	const stop = onCleanup(async () => await downstream.stop());
	const ours = {
		'Idempotency Guard, store: embedded': guarded('embedded', downstream),
		'Idempotency Guard, store: Redis': guarded('redis', downstream),
	};
	const theirs = {
		"n8n's Remove Duplicates": removeDuplicates(downstream),
		"n8n's Redis node: GET, then SET": getThenSet(downstream),
	};
	const workflows: Readonly<Record<string, Workflow>> = { ...ours, ...theirs };
	const data = { host: '127.0.0.1', port: redis.port, database: 0, user: '', password: '' };
	const credentials = [redisCredential(redis.port), { ...REDIS, type: 'redis', data }];
	const running = await runN8nWith(Object.values(workflows), credentials);
	for (const [peer, workflow] of Object.entries(workflows)) {
		await seesOneAfterTheOther(running.urlOf(workflow), downstream);
		const before = downstream.total();
		const answers = await during(`correctness in n8n: ${peer}`, async () =>
			fireStorm(running.urlOf(workflow), deliveriesTo(workflow, keys)),
		);
		const sideEffects = downstream.total() - before;
		const scenario = IN_N8N;
		report.verdict({ scenario, peer, sideEffects, expected: keys, told: toldOf(answers) });
	}
	await inN8nRows(running, { ours, theirs }, report, scale);
	await running.n8n.stop();
	await stop();
}

function deliveriesTo({ name }: Workflow, keys: number) {
	const orders = Array.from({ length: keys }, (_, i) => ({
		key: `${name}-${i}`,
		body: { orderId: `${name}-${i}`, amount: 1_000, currency: 'EUR' },
	}));
	return orders.flatMap((order) => Array.from({ length: TIMES }, () => order));
}

/** Shows that a workflow is built right: of two deliveries one after the other, the second charges nothing. */
async function seesOneAfterTheOther(url: string, downstream: PaymentService) {
	const key = `${url}-alone`;
	for (let times = 0; times < 2; times++) await fireStorm(url, [{ key, body: { orderId: key } }]);
	const charges = downstream.chargesOf(key).length;
	if (charges !== 1)
		throw new Error(`${url}: ${charges} charges of one order, nothing else running`);
}

/** How many senders were told of a charge. */
function toldOf(answers: ReadonlyArray<Answer<unknown>>): string {
	const charged = answers.filter(({ status, body }) => status === 200 && body?.includes('ch_'));
	const failed = answers.filter(({ status }) => status !== 200);
	const others = answers.length - charged.length - failed.length;
	const parts = [
		`${charged.length} of ${answers.length} senders were told of a charge`,
		...(others > 0 ? [`${others} got an answer without one`] : []),
		...(failed.length > 0 ? [`${failed.length} got an error`] : []),
	];
	return parts.join(', ');
}

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

function guarded(store: Store, downstream: PaymentService): Workflow {
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

function removeDuplicates(downstream: PaymentService): Workflow {
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

function getThenSet(downstream: PaymentService): Workflow {
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
