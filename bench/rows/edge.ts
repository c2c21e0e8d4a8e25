import { redisCredential } from '../../scripts/lib/example';
import { during } from '../../scripts/lib/log.mjs';
import type { Delivery } from '../../scripts/lib/storm';
import { fireStorm } from '../../scripts/lib/storm';
import { inTurns, rateOf } from '../measure';
import { runN8nWith } from '../n8n/run-n8n';
import { SIGNATURE_CREDENTIAL, signatureOf, signed } from '../n8n/signed';
import type { Store, Workflow } from '../n8n/workflows';
import { answerAtOnce, commit, doorWorkflow, noOp, webhookWorkflow } from '../n8n/workflows';
import type { BenchRedis } from '../redis';
import type { Report } from '../report';
import { makeOrder } from '../requests';
import type { Scale } from '../scale';

const AT_ONCE = 8;

/** How n8n takes requests: what it spends on each before any of our code runs. */
const SETTINGS = {
	"n8n's defaults": {},
	'N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE=true': { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' },
} as const;

/**
 * Duplicates answered a second by Idempotent Webhook, with and without a signature, against Webhook → Respond to Webhook, in one n8n. And what it
 * refuses by its first rule, before any key or store: no door can answer more.
 */
export async function edge(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	const door = (store: Store, path = `door-${store}`, options = {}) =>
		doorWorkflow(
			path,
			store,
			[noOp('Act'), commit(store)],
			[
				['Webhook', 0, 'Act'],
				['Act', 0, 'Commit'],
			],
			options,
		);
	const workflows = {
		redis: door('redis'),
		embedded: door('embedded'),
		signed: signed(door('embedded', 'door-signed')),
		refused: door('embedded', 'door-refused', { ignoreBots: true }),
		respond: webhookWorkflow('respond', [answerAtOnce('Answer')], [['Webhook', 0, 'Answer']], {
			responseMode: 'responseNode',
		}),
	};
	const order = makeOrder();
	const body = { ...order };
	const delivery = { key: order.orderId, body, headers: signatureOf(JSON.stringify(body)) };
	const ofBot = { ...delivery, headers: { 'user-agent': 'Googlebot/2.1' } };
	for (const [name, env] of Object.entries(SETTINGS)) {
		const credentials = [redisCredential(redis.port), SIGNATURE_CREDENTIAL];
		const running = await runN8nWith(Object.values(workflows), credentials, { env });
		const count = scale.of({ full: 200, short: 60 });
		const round =
			(workflow: Workflow, sent: Delivery = delivery, expected = 200) =>
			async () =>
				await rateOf(count, async () => {
					const deliveries = Array.from({ length: count }, () => sent);
					const options = { sockets: AT_ONCE };
					const answers = await fireStorm(running.urlOf(workflow), deliveries, options);
					const bad = answers.find(({ status }) => status !== expected);
					if (bad !== undefined) throw new Error(`n8n answered ${JSON.stringify(bad)}`);
				});
		const medians = await during(
			`Answering, ${name}`,
			async () =>
				await inTurns(scale.of({ full: 9, short: 3 }), {
					redis: round(workflows.redis),
					embedded: round(workflows.embedded),
					signed: round(workflows.signed),
					refused: round(workflows.refused, ofBot, 403),
					respond: round(workflows.respond),
				}),
		);
		await running.stop();
		const row = (bench: string, unit: string, ours: number, what: string) =>
			report.row({
				bench,
				unit,
				ours,
				peer: `Webhook → Respond to Webhook (${what}; ${name})`,
				theirs: medians.respond,
				better: 'more',
			});
		row('edge', 'duplicates/s', medians.redis, 'store: redis');
		row('edge', 'duplicates/s', medians.embedded, 'store: embedded');
		row('edge', 'duplicates/s', medians.signed, 'store: embedded, signed requests');
		row('edge-refused', 'requests/s', medians.refused, 'refused');
	}
}
