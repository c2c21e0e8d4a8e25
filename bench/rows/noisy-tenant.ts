import { during } from '../../scripts/lib/log.mjs';
import { fireStorm } from '../../scripts/lib/storm';
import { median, timed } from '../measure';
import { runN8nWith } from '../n8n/run-n8n';
import { commit, doorWorkflow, guard, noOp, webhookWorkflow } from '../n8n/workflows';
import type { Report } from '../report';
import { makeOrder } from '../requests';
import type { Scale } from '../scale';

/** How many connections the noisy sender has. */
const SOCKETS = 4;

/** New requests that the noisy tenant may have in an hour. */
const BUDGET = 50;

const deliveryOf = (tenant: string) => {
	const order = makeOrder();
	return { key: order.orderId, body: { ...order, tenant } };
};

/**
 * How long a tenant's new requests take while another tenant's storm of fresh keys goes on, against how long they take alone: the median, each
 * request after the one before. The storm's sender has a budget, as docs/observe.md says, and is refused beyond it.
 */
export async function noisyTenant(report: Report, scale: Scale): Promise<void> {
	const options = {
		tenant: '={{ $json.body.tenant }}',
		budgetLimit: `={{ $json.body.tenant === 'noisy' ? ${BUDGET} : 10000 }}`,
		budgetPer: 'tenant',
	};
	const acts = [noOp('Act'), commit('embedded')];
	const workflows = {
		'Idempotent Webhook': doorWorkflow(
			'noisy-door',
			'embedded',
			acts,
			[
				['Webhook', 0, 'Act'],
				['Act', 0, 'Commit'],
			],
			options,
		),
		'Webhook → Guard': webhookWorkflow(
			'noisy-guard',
			[guard('embedded', {}, options), ...acts],
			[
				['Webhook', 0, 'Guard'],
				['Guard', 0, 'Act'],
				['Act', 0, 'Commit'],
			],
		),
	};
	const running = await runN8nWith(Object.values(workflows), [], {
		N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true',
	});
	for (const [name, workflow] of Object.entries(workflows)) {
		const url = running.urlOf(workflow);
		const alone = () => askAs('quiet', url, scale.of({ full: 100, short: 30 }));
		await alone();
		const before = await alone();
		const storm = startStorm(url, scale.of({ full: 10_000, short: 2_000 }));
		const beside = await during(`${name}: one tenant beside a storm`, alone);
		const left = storm.left();
		await storm.end;
		if (left === 0) throw new Error('The storm was over before the other tenant had its answers');
		report.row({
			bench: 'noisy-tenant',
			unit: 'ms',
			ours: median(beside),
			peer: `${name}: the same tenant alone`,
			theirs: median([...before, ...(await alone())]),
			better: 'less',
		});
	}
	await running.n8n.stop();
}

/** Milliseconds of each request. @throws where one was not answered with 200 */
async function askAs(tenant: string, url: string, count: number): Promise<number[]> {
	const times: number[] = [];
	for (let asked = 0; asked < count; asked++) {
		const ms = await timed(async () => {
			const [answer] = await fireStorm(url, [deliveryOf(tenant)], { isFinal: () => true });
			if (answer?.status !== 200) throw new Error(`n8n answered ${JSON.stringify(answer)}`);
		});
		times.push(ms);
	}
	return times;
}

function startStorm(
	url: string,
	count: number,
): { left(): number; readonly end: Promise<unknown> } {
	let answered = 0;
	const deliveries = Array.from({ length: count }, () => deliveryOf('noisy'));
	const end = fireStorm(url, deliveries, {
		sockets: SOCKETS,
		timeoutMs: 3_600_000,
		isFinal: () => true,
		onAnswer: () => answered++,
	});
	return { left: () => count - answered, end };
}
