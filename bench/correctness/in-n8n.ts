import { onCleanup } from '../../scripts/lib/cleanup.mjs';
import { postgresCredential, redisCredential } from '../../scripts/lib/example';
import { during } from '../../scripts/lib/log.mjs';
import { fireStorm } from '../../scripts/lib/storm';
import type { Answer } from '../../scripts/lib/storm';
import { startPaymentService } from '../../test/support/payment-service';
import type { PaymentService } from '../../test/support/payment-service';
import {
	dataTable,
	getThenSet,
	guarded,
	redisNodeCredential,
	removeDuplicates,
} from '../n8n/charging';
import { runN8nWith } from '../n8n/run-n8n';
import type { Workflow } from '../n8n/workflows';
import { benchPostgres } from '../postgres';
import type { BenchRedis } from '../redis';
import type { Report } from '../report';
import { inN8nRows } from '../rows/in-n8n';
import type { Scale } from '../scale';

const TIMES = 4;

const SCENARIO = 'in n8n: concurrent deliveries';
const OF_QUEUE = `${SCENARIO}, queue mode`;

/** Scenarios of a real n8n, by the names of their verdicts. */
export const IN_N8N: ReadonlySet<string> = new Set([SCENARIO, OF_QUEUE]);

/**
 * The same storm at a real n8n: each of some orders delivered 4 times at once to a workflow that charges. What n8n itself offers,
 * against the Guard; then how fast each of them is, with orders that are all new.
 *
 * @param workers of queue mode; 0 is regular mode
 */
export async function correctnessInN8n(
	redis: BenchRedis,
	report: Report,
	scale: Scale,
	workers = 0,
): Promise<void> {
	const keys = scale.of({ full: 50, short: 20 });
	const downstream = await startPaymentService({ delayMs: 20 });
	const stop = onCleanup(async () => await downstream.stop());
	const ours = {
		// Several processes can't share it.
		...(workers === 0 && {
			'Idempotency Guard, store: embedded': guarded('embedded', downstream),
		}),
		'Idempotency Guard, store: Redis': guarded('redis', downstream),
		'Idempotency Guard, store: PostgreSQL': guarded('postgres', downstream),
	};
	const offered = {
		"n8n's Remove Duplicates": removeDuplicates(downstream),
		"n8n's Redis node: GET, then SET": getThenSet(downstream),
	};
	const credentials = [
		redisCredential(redis.port),
		redisNodeCredential(redis.port),
		postgresCredential(await benchPostgres()),
	];
	const running = await runN8nWith(
		[...Object.values(ours), ...Object.values(offered)],
		credentials,
		{ workers },
	);
	const tabled = await dataTable(running.session, downstream);
	await running.publish(tabled);
	const theirs = { ...offered, "n8n's Data Table: row exists, then insert": tabled };
	const workflows: Readonly<Record<string, Workflow>> = { ...ours, ...theirs };
	const scenario = workers === 0 ? SCENARIO : OF_QUEUE;
	for (const [peer, workflow] of Object.entries(workflows)) {
		const url = running.urlOf(workflow);
		await seesOneAfterTheOther(url, downstream);
		const before = downstream.total();
		const answers = await during(`${scenario}: ${peer}`, async () =>
			fireStorm(url, deliveriesTo(url, keys)),
		);
		const sideEffects = downstream.total() - before;
		report.verdict({ scenario, peer, sideEffects, expected: keys, told: toldOf(answers) });
	}
	const mode = workers === 0 ? '' : `, queue mode, ${workers} workers`;
	await inN8nRows(running, { ours, theirs, mode }, report, scale);
	await running.stop();
	await stop();
}

/** @param url no two n8n have the same, so that none has seen the keys of another */
function deliveriesTo(url: string, keys: number) {
	const orders = Array.from({ length: keys }, (_, i) => ({
		key: `${url}-${i}`,
		body: { orderId: `${url}-${i}`, amount: 1_000, currency: 'EUR' },
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
