/**
 * `npm run demo`: a storm of repeated webhook deliveries at a real n8n with this package installed as users get it, and a
 * payment service that counts. Ends with a JSON line; exit code 0 only if each key was charged exactly once.
 */
import { parseArgs } from 'node:util';
import { changePayload, judge, makeDeliveries } from './lib/charges.mjs';
import { ensureCheckout } from './lib/checkout.mjs';
import { interruption, plainError, runMain, temporaryFolder } from './lib/cleanup.mjs';
import { startDownstream } from './lib/downstream.mjs';
import { during, elapsedSeconds, say } from './lib/log.mjs';
import { createOwner, startN8n, waitForWebhook } from './lib/n8n.mjs';
import { ensureN8n } from './lib/n8n-install.mjs';
import { prepareUserFolder } from './lib/published-example.mjs';
import { ensureRedisServer, startRedis } from './lib/redis.mjs';
import { fireStorm } from './lib/storm.mjs';

const EXAMPLE = 'webhook-charge';
const WEBHOOK_PATH = 'charge';
const USAGE = 'npm run demo -- [--store embedded|redis] [--deliveries 200] [--keys 20] [--open]';

function readOptions() {
	let values;
	try {
		({ values } = parseArgs({
			options: {
				store: { type: 'string', default: 'embedded' },
				deliveries: { type: 'string', default: '200' },
				keys: { type: 'string', default: '20' },
				open: { type: 'boolean', default: false },
			},
		}));
	} catch (error) {
		throw plainError(`${error.message}\nUsage: ${USAGE}`);
	}
	const { store, open } = values;
	const [deliveries, keys] = [Number(values.deliveries), Number(values.keys)];
	const areCounts = Number.isInteger(deliveries) && Number.isInteger(keys) && keys >= 1;
	if (!areCounts || deliveries < keys || !['embedded', 'redis'].includes(store)) {
		throw plainError(`There must be at least one key and one delivery a key.\nUsage: ${USAGE}`);
	}
	return { store, open, deliveries, keys };
}

async function sendStorm(n8n, { deliveries, keys }) {
	const url = `${n8n.url}/webhook/${WEBHOOK_PATH}`;
	const storm = makeDeliveries(deliveries, keys);
	let answered = 0;
	const answers = await during(
		`Sending ${deliveries} deliveries of ${keys} keys, all at once`,
		() => fireStorm(url, storm, { onAnswer: () => (answered += 1) }),
		() => `${answered} answered`,
	);
	const [changedAnswer] = await during('Sending one of the keys with another amount', () =>
		fireStorm(url, [changePayload(storm[0])]),
	);
	return { answers, changedAnswer };
}

function printTable(options, { changedAnswer }, verdict, seconds) {
	const told = (status) => verdict.retries[status] ?? 0;
	const rows = [
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

function detailOf({ body }) {
	try {
		const { detail = '' } = JSON.parse(body);
		return detail.length > 100 ? `${detail.slice(0, 99)}…` : detail;
	} catch {
		return '';
	}
}

async function keepOpen(n8n) {
	const { email, password } = await createOwner(n8n);
	say(`The editor is open at ${n8n.url}/workflow/${EXAMPLE}`);
	say(`  sign in as ${email}, password ${password}; Ctrl-C ends and removes everything`);
	await Promise.race([interruption(), n8n.ended]);
}

async function demo(options) {
	if (options.store === 'redis') await ensureRedisServer();
	// On a new machine both take minutes, and neither needs the other.
	const [install] = await Promise.all([ensureN8n(), ensureCheckout()]);
	const folder = await temporaryFolder('idempotency-demo');
	const downstream = await startDownstream();
	const redis = options.store === 'redis' ? await startRedis() : undefined;
	const names = [EXAMPLE];
	const userFolder = await prepareUserFolder({ install, folder, downstream, redis, names });

	const n8n = await during(`Starting n8n ${install.version}`, () =>
		startN8n(install, { userFolder }),
	);
	try {
		await during('Waiting for its webhook', () => waitForWebhook(n8n, WEBHOOK_PATH, 'POST'));
		const begun = elapsedSeconds();
		const sent = await Promise.race([sendStorm(n8n, options), n8n.ended]);
		const verdict = judge(sent.answers, sent.changedAnswer, downstream);
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
		throw plainError(`${error.message}\nThe last lines of n8n's log:\n${n8n.tail(40)}`);
	}
}

await runMain(() => demo(readOptions()));
