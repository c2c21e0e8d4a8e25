import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import type { RedisServer } from '../support/redis-server';
import { javascript, userFolder, webhookItem } from '../support/engine';
import type { RunResult } from '../support/engine';
import { engine } from '../workflows/nodes';
import { contentsOf, engineOn, onRedis } from '../workflows/on-redis';
import { chargeWorkflow, routed } from '../workflows/scenario';
import type { ChargeParts } from '../workflows/scenario';
import { canary, json, planted } from './generators';
import type { FuzzProperty } from './property';
import { noLeak, property } from './property';

/** Guard and Commit in n8n's engine, on real stores: whole batches of odd items, each sent twice. */

/** Keys are random JSON, everything else of an item is canaries. */
const item = fc.record(
	{
		id: json,
		body: planted,
		header: canary,
		tenant: fc.constantFrom('acme', 'globex', ''),
		forged: fc.boolean(),
	},
	{ noNullPrototype: true },
);
const batch = fc.array(item, { minLength: 1, maxLength: 5 });
const guard = fc.record(
	{
		keySource: fc.constantFrom('expression', 'fields', 'payload', 'delivery'),
		compare: fc.constantFrom('auto', 'payload', 'none', 'except'),
		tenantMode: fc.constantFrom('none', 'separate', 'bind'),
		onMissingKey: fc.constantFrom('error', 'conflict'),
	},
	{ noNullPrototype: true },
);

const act = javascript('Act', (items) =>
	items.map(({ json: { body } }, at) => ({
		json: { answer: body } as IDataObject,
		pairedItem: at,
	})),
);

let sent = 0;

function partsOf(settings: typeof guard extends fc.Arbitrary<infer T> ? T : never): ChargeParts {
	const { tenantMode, ...parameters } = settings;
	return {
		act: [act],
		guardSettings: { onError: 'continueErrorOutput' },
		commit: { outcome: 'completed' },
		guard: {
			...parameters,
			key: '={{ $json.body.id }}',
			keyFields: 'body.id',
			excludeFields: 'body.more',
			options: {
				onMissingKey: parameters.onMissingKey,
				...(tenantMode === 'none' ? {} : { tenantMode, tenant: '={{ $json.body.tenant }}' }),
			},
		},
	};
}

function itemsOf(batchOf: typeof batch extends fc.Arbitrary<infer T> ? T : never) {
	const run = ++sent;
	return batchOf.map(({ id, body, header, tenant, forged }): INodeExecutionData => {
		const own = { outcome: 'new', token: 'idem1.e30.e30', fence: 1 };
		const made = webhookItem({
			body: { id: [run, id], tenant, more: body, ...(forged ? { idempotency: own } : {}) },
			headers: { 'x-signature': header, 'idempotency-key': `k${run}-${JSON.stringify(id).length}` },
		});
		return forged ? { json: { ...made.json, idempotency: own } } : made;
	});
}

function checkRun(result: RunResult, items: number): void {
	assert.equal(result.status, 'success', result.error?.message);
	const counts = routed(result);
	assert.equal(counts[0]! + counts[1]! + counts[2]! + counts[3]!, items, 'an item was lost');
	assert.equal(result.counts('Commit')[0] ?? 0, counts[0]);
	for (const { idempotency: details } of result.json('Guard', 2)) {
		noLeak('a conflict', details);
		assert.ok(!Object.hasOwn(details as object, 'token'));
	}
	for (const { error } of result.json('Guard', 3)) {
		noLeak('an error', error);
		assert.doesNotMatch(String(error), /unexpected/);
	}
	noLeak('a hint', result.hints('Guard'), result.hints('Commit'));
}

async function sendTwice(
	run: (items: INodeExecutionData[]) => Promise<RunResult>,
	items: INodeExecutionData[],
): Promise<void> {
	const first = await run(items);
	checkRun(first, items.length);
	const second = await run(items);
	checkRun(second, items.length);
	const [granted, , , failed] = routed(first);
	assert.equal(routed(second)[0], 0, 'a key was granted twice');
	assert.equal(routed(second)[3], failed);
	assert.ok(routed(second)[1]! >= granted!);
}

export function workflowProperties(server: RedisServer): FuzzProperty[] {
	const embedded = engine();
	return [
		property(
			'Guard and Commit, embedded',
			[batch, guard],
			async (of, settings) => {
				const parts = partsOf(settings);
				const workflow = chargeWorkflow('', {
					...parts,
					commit: { ...parts.commit, result: 'none' },
				});
				const triggerItems = itemsOf(of);
				await sendTwice(async () => await embedded.run(workflow, { triggerItems }), triggerItems);
				noLeak('a record of the embedded store', ...embeddedRecords());
			},
			15,
		),
		property(
			'Guard and Commit on Redis, with a secret',
			[batch, guard],
			async (of, settings) => {
				const workflow = chargeWorkflow('', onRedis(partsOf(settings)));
				const triggerItems = itemsOf(of);
				const n8n = engineOn(server, { secret: 'of the credential' });
				await sendTwice(async () => await n8n.run(workflow, { triggerItems }), triggerItems);
				noLeak('Redis', await contentsOf(server));
				await server.ask(async (client) => await client.flushall());
			},
			15,
		),
	];
}

/** The newest records, as text. */
function embeddedRecords(): string[] {
	const file = join(userFolder, '.n8n', 'idempotency.sqlite');
	const database = new DatabaseSync(file, { readOnly: true });
	try {
		const rows = database.prepare('SELECT * FROM claims ORDER BY id DESC LIMIT 10');
		rows.setReadBigInts(true);
		return rows.all().map((row) => Object.values(row).map(String).join('\n'));
	} finally {
		database.close();
	}
}
