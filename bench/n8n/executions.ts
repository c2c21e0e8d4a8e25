import { fireStorm } from '../../scripts/lib/storm';
import { rateOf } from '../measure';
import { makeOrder } from '../requests';
import type { RunningN8n } from './run-n8n';
import type { Workflow } from './workflows';

const AT_ONCE = 4;

/** Delivers new orders, a few at once. @throws where one was not answered with 200 */
export async function executionsPerSecond(
	running: RunningN8n,
	workflow: Workflow,
	count: number,
): Promise<number> {
	const deliveries = Array.from({ length: count }, () => {
		const order = makeOrder();
		return { key: order.orderId, body: { ...order } };
	});
	return await rateOf(count, async () => {
		const options = { sockets: AT_ONCE };
		const answers = await fireStorm(running.urlOf(workflow), deliveries, options);
		const bad = answers.find(({ status }) => status !== 200);
		if (bad !== undefined) throw new Error(`n8n answered ${JSON.stringify(bad)}`);
	});
}
