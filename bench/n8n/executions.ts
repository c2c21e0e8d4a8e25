import { say } from '../../scripts/lib/log.mjs';
import { fireStorm } from '../../scripts/lib/storm';
import { rateOf } from '../measure';
import { makeOrder } from '../requests';
import type { RunningN8n } from './run-n8n';
import type { Workflow } from './workflows';

const AT_ONCE = 4;

/** In queue mode n8n now and then ends an execution and answers nobody, without our nodes as well: such a round is measured again. */
const AGAIN = 3;
const NO_ANSWER_MS = 20_000;

/** Delivers new orders, a few at once. @throws where one was not answered with 200 */
export async function executionsPerSecond(
	running: RunningN8n,
	workflow: Workflow,
	count: number,
): Promise<number> {
	for (let lost = 0; ; lost++) {
		try {
			return await roundOf(running, workflow, count);
		} catch (error) {
			if (!(error instanceof NoAnswer) || lost === AGAIN) throw error;
			say(`${workflow.name}: measured again. ${error.message}`);
		}
	}
}

class NoAnswer extends Error {}

async function roundOf(running: RunningN8n, workflow: Workflow, count: number): Promise<number> {
	const deliveries = Array.from({ length: count }, () => {
		const order = makeOrder();
		return { key: order.orderId, body: { ...order } };
	});
	return await rateOf(count, async () => {
		const options = { sockets: AT_ONCE, timeoutMs: NO_ANSWER_MS };
		const answers = await fireStorm(running.urlOf(workflow), deliveries, options);
		const bad = answers.find(({ status }) => status !== 200);
		if (bad === undefined) return;
		const words = `n8n answered ${JSON.stringify(bad)}`;
		throw bad.status === undefined ? new NoAnswer(words) : new Error(words);
	});
}
