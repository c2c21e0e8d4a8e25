import { parseArgs } from 'node:util';

import { startPaymentService } from '../test/support/payment-service';
import { changePayload, judge, makeDeliveries } from './lib/charges';
import type { Charge, Judgement } from './lib/charges';
import { interruption, onCleanup, plainError, runMain, temporaryFolder } from './lib/cleanup.mjs';
import { during, elapsedSeconds, say } from './lib/log.mjs';
import { createOwner, startN8n, waitForWebhook } from './lib/n8n';
import type { N8n } from './lib/n8n';
import { ensureN8n } from './lib/n8n-install.mjs';
import { startPostgres } from './lib/postgres';
import { ensurePostgres, ensureRedisServer } from './lib/programs.mjs';
import { prepareUserFolder } from './lib/published-example';
import { startRedis } from './lib/redis';
import { fireStorm } from './lib/storm';
import type { Answer } from './lib/storm';

/**
 * `npm run demo`: a storm of repeated webhook deliveries at a real n8n with this package installed as users get it, and a
 * payment service that counts. Ends with a JSON line; exit code 0 only if each key was charged exactly once.
 */

const EXAMPLE = 'webhook-charge';
const WEBHOOK_PATH = 'charge';
const USAGE =
	'npm run demo -- [--store embedded|redis|postgres] [--deliveries 200] [--keys 20] [--open]';

interface Options {
	readonly store: string;
	/** Whether the editor stays up. */
	readonly open: boolean;
	readonly deliveries: number;
	readonly keys: number;
}

function readArguments() {
	try {
		return parseArgs({
			options: {
				store: { type: 'string', default: 'embedded' },
				deliveries: { type: 'string', default: '200' },
				keys: { type: 'string', default: '20' },
				open: { type: 'boolean', default: false },
			},
		}).values;
	} catch (error) {
		throw plainError(`${(error as Error).message}\nUsage: ${USAGE}`);
	}
}

function readOptions(): Options {
	const values = readArguments();
	const { store, open } = values;
	const [deliveries, keys] = [Number(values.deliveries), Number(values.keys)];
	const areCounts = Number.isInteger(deliveries) && Number.isInteger(keys) && keys >= 1;
	if (!areCounts || deliveries < keys || !['embedded', 'redis', 'postgres'].includes(store)) {
		throw plainError(`There must be at least one key and one delivery a key.\nUsage: ${USAGE}`);
	}
	return { store, open, deliveries, keys };
}

interface Sent {
	readonly answers: ReadonlyArray<Answer<Charge>>;
	readonly changedAnswer: Answer<Charge>;
}

async function sendStorm(n8n: N8n, { deliveries, keys }: Options): Promise<Sent> {
	const url = `${n8n.url}/webhook/${WEBHOOK_PATH}`;
	const storm = makeDeliveries(deliveries, keys);
	let answered = 0;
	const answers = await during(
		`Sending ${deliveries} deliveries of ${keys} keys, all at once`,
		() => fireStorm(url, storm, { onAnswer: () => (answered += 1) }),
		() => `${answered} answered`,
	);
	const [changedAnswer] = await during('Sending one of the keys with another amount', () =>
		fireStorm(url, [changePayload(storm[0]!)]),
	);
	return { answers, changedAnswer: changedAnswer! };
}

function printTable(
	options: Options,
	{ changedAnswer }: Sent,
	verdict: Judgement,
	seconds: number,
): void {
	const told = (status: number) => verdict.retries[status] ?? 0;
	const rows: ReadonlyArray<readonly [name: string, value: number | string, note: string]> = [
		[
			'deliveries sent',
			options.deliveries,
			`${options.keys} keys, all at once, ${seconds.toFixed(1)} s`,
		],
		['told "still running" (409)', told(409), 'and tried again, as senders do'],
		['told "n8n is busy" (503)', told(503), 'and tried again'],
		['answered by replay', verdict.replayed, "with the first delivery's answer, byte for byte"],
		['changed payload', changedAnswer.status ?? '-', detailOf(changedAnswer)],
		['charges made', verdict.sideEffects, `counted by the payment service; ${options.keys} keys`],
		['errors', verdict.errors.length, ''],
	];
	const lines = rows.map(([name, value, note]) =>
		`  ${name.padEnd(28)}${String(value).padStart(6)}  ${note}`.trimEnd(),
	);
	process.stdout.write(`\n${lines.join('\n')}\n\n`);
	for (const error of verdict.errors.slice(0, 10)) process.stdout.write(`  ${error}\n`);
}

function detailOf({ body = '' }: Answer<Charge>): string {
	try {
		const { detail = '' } = JSON.parse(body) as { detail?: string };
		return detail.length > 100 ? `${detail.slice(0, 99)}…` : detail;
	} catch {
		return '';
	}
}

async function keepOpen(n8n: N8n): Promise<void> {
	const { email, password } = await createOwner(n8n);
	say(`The editor is open at ${n8n.url}/workflow/${EXAMPLE}`);
	say(`  sign in as ${email}, password ${password}; Ctrl-C ends and removes everything`);
	await Promise.race([interruption(), n8n.ended]);
}

async function demo(options: Options): Promise<number> {
	if (options.store === 'redis') await ensureRedisServer();
	if (options.store === 'postgres') await ensurePostgres();
	const install = await ensureN8n();
	const folder = await temporaryFolder('idempotency-demo');
	const service = await startPaymentService();
	onCleanup(async () => await service.stop());
	const redis = options.store === 'redis' ? await startRedis() : undefined;
	const postgres = options.store === 'postgres' ? await startPostgres() : undefined;
	const names = [EXAMPLE];
	const userFolder = await prepareUserFolder({
		install,
		folder,
		service,
		redis,
		postgres,
		names,
	});

	const n8n = await during(`Starting n8n ${install.version}`, () =>
		startN8n(install, { userFolder }),
	);
	try {
		await during('Waiting for its webhook', () => waitForWebhook(n8n, WEBHOOK_PATH, 'POST'));
		const begun = elapsedSeconds();
		const sent = await Promise.race([sendStorm(n8n, options), n8n.ended]);
		const verdict = judge(sent.answers, sent.changedAnswer, service);
		printTable(options, sent, verdict, elapsedSeconds() - begun);

		const { sideEffects, replayed, conflicts } = verdict;
		const { deliveries, keys, store } = options;
		const errors = verdict.errors.length;
		const row = { deliveries, keys, sideEffects, replayed, conflicts, errors, store };
		process.stdout.write(`${JSON.stringify(row)}\n`);
		const isRight = sideEffects === keys && errors === 0;
		if (!isRight) process.stderr.write(`\nThe last lines of n8n's log:\n${n8n.tail(40)}\n`);
		if (options.open) await keepOpen(n8n);
		return isRight ? 0 : 1;
	} catch (error) {
		throw plainError(`${(error as Error).message}\nThe last lines of n8n's log:\n${n8n.tail(40)}`);
	}
}

void runMain(async () => await demo(readOptions()));
