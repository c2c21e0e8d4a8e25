import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { withVariables } from '../support/variables';
import { freePort } from '../support/ports';
import { RedisServer } from '../support/redis-server';
import { commit, noOp, startDownstream, webhook, webhookItem, workflow } from '../support/engine';
import type { Downstream, NodeSettings, RunResult } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';

/** What a user reads when something is wrong: what happened, which item, which field, and what to do about it. */

let downstream: Downstream;
const servers: RedisServer[] = [];
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => {
	await Promise.all([downstream.close(), ...servers.map(async (server) => await server.stop())]);
});

async function redis(...options: Parameters<typeof RedisServer.start>): Promise<RedisServer> {
	const server = await RedisServer.start(...options);
	servers.push(server);
	return server;
}

const credentials = { idempotencyRedisApi: { id: '1', name: 'Redis' } };
/** One delivery through Guard and Commit on this Redis. */
async function over(
	port: number,
	credential: object = {},
	settings: NodeSettings = {},
	options: object = {},
	key = newKey(),
) {
	const n8n = engine({
		credentials: {
			idempotencyRedisApi: {
				deployment: 'standalone',
				host: '127.0.0.1',
				port,
				database: 0,
				keyPrefix: 'idem',
				...credential,
			},
		},
	});
	return await n8n.run(
		chargeWorkflow(downstream.url, {
			guard: { store: 'redis', options: { ...options } },
			guardSettings: { credentials, ...settings },
			commit: { store: 'redis' },
			commitSettings: { credentials },
		}),
		{ triggerItems: [delivery(key)] },
	);
}

/** The message and what to do, of a run in which nothing acted. */
function complaint(result: RunResult): string {
	expect(result.status).toBe('error');
	expect(result.tasks('Charge')).toEqual([]);
	return `${result.error?.message} | ${result.error?.description}`;
}

// First of all: a store that is open stays open.
test('the embedded store on an old Node', async () => {
	const builtIn = process.getBuiltinModule;
	process.getBuiltinModule = (() => undefined) as never;
	try {
		const result = await engine().run(chargeWorkflow(downstream.url), {
			triggerItems: [delivery(newKey())],
		});
		expect(complaint(result)).toMatch(
			/needs Node\.js 22\.13 or newer, this is v\d+.* \| Set "Store" to "Redis"/,
		);
	} finally {
		process.getBuiltinModule = builtIn;
	}
});

test('an embedded store whose file cannot be opened: nothing of Redis', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'idempotency-messages-'));
	const file = join(folder, '.n8n', 'idempotency.sqlite');
	mkdirSync(file, { recursive: true });
	await withVariables({ N8N_USER_FOLDER: folder }, async () => {
		const result = await engine().run(chargeWorkflow(downstream.url), {
			triggerItems: [delivery(newKey())],
		});
		const said = complaint(result);
		expect(said).toContain(file);
		expect(said).toMatch(/ \| Let the user that n8n runs as read and write this file/);
		expect(said).not.toContain('Redis');
	});
	rmSync(folder, { recursive: true });
});

test('a missing key: which item, where it was looked for, what to set', async () => {
	const json = chargeWorkflow(downstream.url, {
		guard: { keySource: 'fields', keyFields: 'body.order' },
	});
	const result = await engine().run(json, {
		triggerItems: [webhookItem({ body: { order: 1 } }), webhookItem({ body: { orderId: 1 } })],
	});
	expect(complaint(result)).toMatch(
		/^The item has no value in "body\.order" \| Its fields are: headers, .*body/,
	);
	expect(result.error?.context).toMatchObject({ itemIndex: 1 });
});

test('no delivery id: one sentence, and which parameter to change', async () => {
	const result = await engine().run(chargeWorkflow(downstream.url), {
		triggerItems: [webhookItem({ body: { a: 1 } })],
	});
	expect(complaint(result)).toMatch(
		/^This item has no delivery ID of a known sender\. \| Set "Recognize Duplicates By" to "Custom Value", e\.g\. \{\{ \$json\.body\.\w+ \}\}/,
	);
});

test('Commit without Guard', async () => {
	const json = workflow({ nodes: [webhook(), noOp('Act'), commit('Commit')] });
	const result = await engine().run(json);
	expect(complaint(result)).toMatch(
		/^There is no Idempotency Guard before this node \| .*connect its output New/,
	);
});

test('the embedded store in queue mode', async () => {
	await withVariables({ EXECUTIONS_MODE: 'queue' }, async () => {
		const result = await engine().run(chargeWorkflow(downstream.url), {
			triggerItems: [delivery(newKey())],
		});
		expect(complaint(result)).toMatch(
			/^This n8n runs in queue mode, where workers may be on other machines.* \| Set "Store" to "Redis"/,
		);
	});
});

test('no credential', async () => {
	const json = chargeWorkflow(downstream.url, {
		guard: { store: 'redis' },
		commit: { store: 'redis' },
	});
	expect(complaint(await engine().run(json, { triggerItems: [delivery(newKey())] }))).toMatch(
		/credentials/,
	);
});

describe('Redis', () => {
	test('is not there', async () => {
		const port = await freePort();
		const said = complaint(await over(port));
		expect(said).toContain(`127.0.0.1:${port}`);
		expect(said).toMatch(
			/\| Check that Redis runs, .* and that host and port in the credential are right/,
		);
	});

	test.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'is not there, under %s: an error item, never New',
		async (onError) => {
			const result = await over(
				await freePort(),
				{},
				{ onError, retryOnFail: true, maxTries: 2, alwaysOutputData: true },
			);
			expect(result.tasks('Charge')).toEqual([]);
			const [item = {}] = result.json(onError === 'continueErrorOutput' ? 'Error' : 'Conflict');
			expect(item.error).toMatch(/127\.0\.0\.1:\d+/);
		},
	);

	test('is not there, under "Continue Unprotected": marked, with a hint', async () => {
		const key = newKey();
		const result = await over(
			await freePort(),
			{},
			{},
			{ onStoreError: 'continueUnprotected' },
			key,
		);
		expect(result.status).toBe('success');
		expect(detailsOf(result, 'Guard')).toEqual({
			outcome: 'unprotected',
			message: expect.stringMatching(/127\.0\.0\.1/),
		});
		expect(result.hints('Guard')[0]?.message).toMatch(/went on unprotected/);
		expect(downstream.effects(key)).toBe(1);
	});

	test('refuses the password', async () => {
		const { port } = await redis({ password: 'right "pass\\word' });
		for (const credential of [{}, { password: 'wrong' }, { user: 'nobody', password: 'wrong' }]) {
			expect(complaint(await over(port, credential))).toMatch(
				/(asks for a|refused the user or the) password.* \| .* in the credential/,
			);
		}
		expect(routed(await over(port, { password: 'right "pass\\word' }))).toEqual([1, 0, 0, 0]);
	});

	test('is given a secret that is too short', async () => {
		const { port } = await redis();
		expect(complaint(await over(port, { secret: 'fifteen letters' }))).toMatch(
			/"Secret" of the credential is shorter than 16 characters \| Take a long random text/,
		);
		expect(routed(await over(port, { secret: 'sixteen letters!' }))).toEqual([1, 0, 0, 0]);
	});

	test('lacks a permission', async () => {
		const { port } = await redis({ users: ['short on >secret ~idem:* +@connection +get'] });
		expect(complaint(await over(port, { user: 'short', password: 'secret' }))).toMatch(
			/may not run a command .* or touch a key.* \| Give this Redis user the commands/,
		);
	});

	test('is a read-only replica', async () => {
		const primary = await redis();
		const { port } = await redis({ replicaOf: { port: primary.port } });
		expect(complaint(await over(port))).toMatch(
			/read-only replica.* \| Point the credential at the primary/,
		);
	});

	test('is out of memory', async () => {
		const server = await redis({ config: ['maxmemory 1', 'maxmemory-policy noeviction'] });
		expect(complaint(await over(server.port))).toMatch(
			/out of memory.* \| Redis is full\. Raise maxmemory/,
		);
	});

	test('goes away while the charge is under way: Commit says that it happened, and may be run again', async () => {
		const server = await redis();
		const key = newKey();
		const n8n = engine({
			credentials: {
				idempotencyRedisApi: {
					deployment: 'standalone',
					host: '127.0.0.1',
					port: server.port,
					database: 0,
					keyPrefix: 'idem',
				},
			},
		});
		const json = chargeWorkflow(downstream.url, {
			guard: { store: 'redis' },
			guardSettings: { credentials },
			commit: { store: 'redis' },
			commitSettings: { credentials },
		});
		const failed = await n8n.run(json, {
			triggerItems: [delivery(key)],
			onNode: async (event, node) => {
				if (event === 'after' && node === 'Charge') await server.kill();
			},
		});
		expect(failed.lastNode).toBe('Commit');
		expect(failed.error?.message).toMatch(
			/^The request was handled, but its result could not be saved: /,
		);
		expect(failed.error?.description).toMatch(/"Retry" in the list of executions/);
		expect(downstream.effects(key)).toBe(1);
	});
});
