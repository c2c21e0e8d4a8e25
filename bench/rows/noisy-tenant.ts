import { during } from '../../scripts/lib/log.mjs';
import { fireStorm } from '../../scripts/lib/storm';
import { median, timed } from '../measure';
import type { RunningN8n } from '../n8n/run-n8n';
import { runN8nWith } from '../n8n/run-n8n';
import type { Workflow } from '../n8n/workflows';
import { commit, doorWorkflow, guard, noOp, webhookWorkflow } from '../n8n/workflows';
import type { Report } from '../report';
import { makeOrder } from '../requests';
import type { Scale } from '../scale';

/** How many connections the noisy sender has. */
const SOCKETS = 4;

const deliveryOf = (tenant: string) => {
	const order = makeOrder();
	return { key: order.orderId, body: { ...order, tenant } };
};

/** How often the quiet tenant sends its requests: to warm up, alone, beside the storm and alone again. */
const PASSES = 4;

/** New requests that each tenant may have in an hour: what the quiet one sends, and some. */
const budgetFor = (requests: number): number => (PASSES + 1) * requests;

/** A workflow that both tenants send to. */
interface Target {
	readonly name: string;
	readonly workflow: Workflow;
	/** How many requests the quiet tenant sends, each after the one before. */
	readonly requests: number;
}

/**
 * How long a tenant's new requests take while another tenant's storm of fresh keys goes on, against how long they take alone, and against
 * how long they take beside the same storm where n8n's own Webhook answers both: the median. The storm's sender has used up its budget,
 * and sends the next as soon as it has an answer.
 */
export async function noisyTenant(report: Report, scale: Scale): Promise<void> {
	const requests = scale.of({ full: 100, short: 30 });
	// Each takes n8n many times as long.
	const fewer = scale.of({ full: 30, short: 10 });
	const budget = (of: number) => ({ budgetPer: 'tenant', budgetLimit: budgetFor(of) });
	const byField = { ...budget(requests), tenantField: 'body.tenant' };
	const byExpression = { ...budget(fewer), tenant: '={{ $json.body.tenant }}' };
	// As many nodes as ours, and answered when they are done.
	const own: Target = {
		name: 'Webhook → NoOp → NoOp',
		workflow: webhookWorkflow(
			'noisy-own',
			[noOp('First'), noOp('Second')],
			[
				['Webhook', 0, 'First'],
				['First', 0, 'Second'],
			],
		),
		requests,
	};
	const ours: Target[] = [
		{
			name: 'Idempotent Webhook',
			workflow: door('noisy-door', byField),
			requests,
		},
		{
			name: 'Webhook → Guard',
			workflow: webhookWorkflow(
				'noisy-guard',
				[guard('embedded', {}, byField), noOp('Act'), commit('embedded')],
				[
					['Webhook', 0, 'Guard'],
					['Guard', 0, 'Act'],
					['Act', 0, 'Commit'],
				],
			),
			requests,
		},
		{
			name: 'Idempotent Webhook, tenant by an expression',
			workflow: door('noisy-expression', byExpression),
			requests: fewer,
		},
	];
	const workflows = [own, ...ours].map(({ workflow }) => workflow);
	const running = await runN8nWith(workflows, [], {
		env: { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' },
	});
	const ofOwn = await timesOf(running, own);
	const besideOwn = median(ofOwn.beside);
	report.row({
		bench: 'noisy-tenant n8n',
		unit: 'ms',
		ours: besideOwn,
		peer: `n8n's own ${own.name}: the same tenant alone`,
		theirs: median(ofOwn.alone),
		better: 'less',
	});
	for (const target of ours) {
		const { name } = target;
		const { alone, beside } = await timesOf(running, target);
		const row = {
			bench: 'noisy-tenant',
			unit: 'ms',
			ours: median(beside),
			better: 'less',
		} as const;
		report.row({ ...row, peer: `${name}: the same tenant alone`, theirs: median(alone) });
		report.row({ ...row, peer: `${name}: ${own.name} beside the same storm`, theirs: besideOwn });
	}
	await running.stop();
}

function door(path: string, options: Readonly<Record<string, unknown>>): Workflow {
	return doorWorkflow(
		path,
		'embedded',
		[noOp('Act'), commit('embedded')],
		[
			['Webhook', 0, 'Act'],
			['Act', 0, 'Commit'],
		],
		options,
	);
}

/** Milliseconds of the quiet tenant's requests, alone and beside the storm. */
async function timesOf(
	running: RunningN8n,
	{ name, workflow, requests }: Target,
): Promise<{ alone: number[]; beside: number[] }> {
	const url = running.urlOf(workflow);
	const ask = async () => await askAsQuiet(url, requests);
	await ask();
	const before = await ask();
	const storm = new Storm(url, budgetFor(requests));
	await during(`${name}: a budget is used up`, async () => await storm.isUsedUp);
	const beside = await during(`${name}: one tenant beside a storm`, ask);
	await storm.stop();
	return { alone: [...before, ...(await ask())], beside };
}

/** @throws where a request was not answered with 200 */
async function askAsQuiet(url: string, count: number): Promise<number[]> {
	const times: number[] = [];
	for (let asked = 0; asked < count; asked++) {
		const ms = await timed(async () => {
			const [answer] = await fireStorm(url, [deliveryOf('quiet')], { isFinal: () => true });
			if (answer?.status !== 200) throw new Error(`n8n answered ${JSON.stringify(answer)}`);
		});
		times.push(ms);
	}
	return times;
}

/** Deliveries of the noisy tenant, until it is stopped: each connection sends the next when it has an answer. */
class Storm {
	private isOver = false;

	private readonly end: Promise<unknown>;

	/** So many deliveries were answered that what follows is over the budget. */
	readonly isUsedUp: Promise<void>;

	constructor(url: string, budget: number) {
		let left = budget;
		let useUp: () => void;
		this.isUsedUp = new Promise((resolve) => (useUp = resolve));
		const send = async () => {
			while (!this.isOver) {
				await fireStorm(url, [deliveryOf('noisy')], { isFinal: () => true });
				if (--left === 0) useUp();
			}
		};
		this.end = Promise.all(Array.from({ length: SOCKETS }, send));
	}

	async stop(): Promise<void> {
		this.isOver = true;
		await this.end;
	}
}
