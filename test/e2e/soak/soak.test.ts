import { appendFile } from 'node:fs/promises';

import { postgresCredential, redisCredential } from '../../../scripts/lib/example';
import { startPostgres } from '../../../scripts/lib/postgres';
import { startRedis } from '../../../scripts/lib/redis';
import { startDownstream } from '../../support/downstream';
import { node, workflow } from '../../support/engine/workflow';
import type { HostOptions } from '../harness/n8n-host';
import { N8nHost } from '../harness/n8n-host';
import { WORKER_ARGS, startQueueServers } from '../harness/queue-mode';
import { publishCharge } from '../harness/storm';
import { nextStep } from './process-group';
import { UnderLoad, thirdsOf } from './under-load';

/**
 * A steady load of new requests and repeats on real n8n processes, one for each store and one without our nodes, at the same time. What they
 * hold and how long they take must not grow beyond those of the one without.
 */

const { minutes, file } = JSON.parse(process.env.SOAK ?? '{}') as { minutes: number; file: string };
/** Each lasts some seconds, so that requests are answered in it. */
const SLICES = Math.min(30, Math.max(9, Math.floor(minutes * 20)));

/** Memory is taken and given back in leaps; a machine is busy now and then. */
const LEEWAY = { rssMb: 1.15, answerMs: 1.5 };
const FURTHER_FILES = 5;

type Start = (options?: HostOptions) => Promise<{ main: N8nHost; all: readonly N8nHost[] }>;

const startRegular: Start = async (options = {}) => {
	const main = await (await (await N8nHost.create(options)).start()).signIn();
	return { main, all: [main] };
};

const startQueue: Start = async (options = {}) => {
	const { env } = await startQueueServers();
	const main = await N8nHost.create({ ...options, env });
	const worker = { ...options, env, args: WORKER_ARGS };
	const workers = [await N8nHost.create(worker), await N8nHost.create(worker)];
	// The main process makes the tables.
	await main.start();
	for (const each of workers) await each.start();
	await main.signIn();
	return { main, all: [main, ...workers] };
};

async function withoutNodes(start: Start): Promise<UnderLoad> {
	const { main, all } = await start({ withoutPackage: true });
	const service = await startDownstream();
	const path = 'charge';
	await main.publish(
		workflow({
			name: path,
			nodes: [
				node(
					'Webhook',
					'n8n-nodes-base.webhook',
					{ httpMethod: 'POST', path, responseMode: 'responseNode', options: {} },
					{ typeVersion: 2, webhookId: path },
				),
				node(
					'Charge',
					'n8n-nodes-base.httpRequest',
					{
						method: 'POST',
						url: service.url,
						sendBody: true,
						specifyBody: 'json',
						jsonBody: '={{ $json.body }}',
					},
					{ typeVersion: 4.2 },
				),
				node(
					'Answer',
					'n8n-nodes-base.respondToWebhook',
					{ respondWith: 'firstIncomingItem', options: { responseCode: 201 } },
					{ typeVersion: 1.4 },
				),
			],
			connections: [['Webhook', 'Charge', 'Answer']],
		}),
	);
	return new UnderLoad('without our nodes', all, main.webhook(path));
}

async function onStore(start: Start, store: 'embedded' | 'redis' | 'postgres'): Promise<UnderLoad> {
	const { main, all } = await start();
	const save = async ({ name, type, data }: { name: string; type: string; data: object }) => ({
		...(await main.api.saveCredential(name, type, data)),
		type,
	});
	const credential =
		store === 'embedded'
			? undefined
			: await save(
					store === 'redis'
						? redisCredential((await startRedis()).port)
						: postgresCredential(await startPostgres()),
				);
	const { url } = await publishCharge(main, 'charge', credential);
	return new UnderLoad(store, all, url);
}

async function soak(all: readonly UnderLoad[]): Promise<void> {
	const ms = minutes * 60_000;
	const begun = performance.now();
	const sending = Promise.all(all.map(async (each) => await each.send(begun, ms)));
	const taking = async () => {
		for (let slice = 1; slice <= SLICES; slice++) {
			await nextStep(begun, ms / SLICES);
			for (const each of all) await each.take((slice * minutes) / SLICES);
		}
	};
	await Promise.all([sending, taking()]);
}

describe.each([
	['regular', startRegular, ['embedded', 'redis', 'postgres']],
	['queue', startQueue, ['redis', 'postgres']],
] as const)('%s mode', (mode, start, stores) => {
	test(`nothing grows beyond an n8n without our nodes in ${minutes} minutes`, async () => {
		const without = await withoutNodes(start);
		const ours: UnderLoad[] = [];
		for (const store of stores) ours.push(await onStore(start, store));
		await soak([without, ...ours]);

		for (const each of [without, ...ours]) {
			const { name, requests, slices } = each;
			await appendFile(file, `${JSON.stringify({ mode, name, minutes, requests, slices })}\n`);
		}
		for (const each of ours) {
			for (const figure of ['rssMb', 'answerMs'] as const) {
				const growth = growthOf(each, figure);
				const most = Math.max(1, growthOf(without, figure)) * LEEWAY[figure];
				expect([each.name, figure, growth, growth <= most]).toEqual([
					each.name,
					figure,
					growth,
					true,
				]);
			}
			const [before, after] = thirdsOf(each, 'files');
			expect(after).toBeLessThanOrEqual(before + FURTHER_FILES);
		}
	});
});

function growthOf(load: UnderLoad, figure: 'rssMb' | 'answerMs'): number {
	const [before, after] = thirdsOf(load, figure);
	return after / before;
}
