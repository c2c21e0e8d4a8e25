import { redisCredential } from '../../scripts/lib/example';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import { ensureNode } from '../../scripts/lib/n8n-install.mjs';
import { environmentOf } from '../../scripts/lib/node.mjs';
import { run } from '../../scripts/lib/processes.mjs';
import { startRedis } from '../../scripts/lib/redis';
import { installTarball } from '../../scripts/lib/tarball';
import { deliver } from './harness/deliver';
import { N8nHost } from './harness/n8n-host';
import { SET_UP } from './harness/set-up';
import type { ChargeWorkflow } from './harness/storm';
import { publishCharge } from './harness/storm';

/** The package as users get it: found by n8n, its credential tested, updated while it remembers requests. */
const PASSWORD = 'correct horse';
let n8n: N8nHost;
let redis: Awaited<ReturnType<typeof startRedis>>;

interface NodeType {
	readonly name: string;
	readonly displayName: string;
	readonly outputNames?: readonly string[];
}

const { name, type, data } = redisCredential(0);
const withPassword = (password: string) => ({ ...data, port: redis.port, password });

beforeAll(async () => {
	redis = await startRedis({ password: PASSWORD });
	n8n = await (await (await N8nHost.create()).start()).signIn();
});

it.each(['20.20.2', '22.23.3', '24.21.0'])(
	"installs by the README's own command on Node %s, and brings nothing of n8n's along",
	async (version) => {
		const folder = await mkdtemp(join(tmpdir(), 'idempotency-by-hand-'));
		try {
			await installTarball(SET_UP.tarball, folder, environmentOf(await ensureNode(version)));
			const installed = await readdir(join(folder, '.n8n', 'nodes', 'node_modules'));
			expect(installed.filter((each) => !each.startsWith('.'))).toEqual(['n8n-nodes-idempotency']);
		} finally {
			await rm(folder, { recursive: true, force: true });
		}
	},
);

it('has nothing in it that a user does not need, and little of it', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'idempotency-packed-'));
	try {
		await run('tar', ['-xzf', SET_UP.tarball, '-C', folder]);
		// What it brings along is listed in docs/bundled.md, and told apart.
		await rm(join(folder, 'package', 'node_modules'), { recursive: true });
		const found = await readdir(join(folder, 'package'), { recursive: true, withFileTypes: true });
		const files = found
			.filter((each) => each.isFile())
			.map((each) => relative(join(folder, 'package'), join(each.parentPath, each.name)));
		const [code, others] = [
			files.filter((each) => each.startsWith('dist/')),
			files.filter((each) => !each.startsWith('dist/')),
		];
		expect(others.sort()).toEqual(['CHANGELOG.md', 'LICENSE.md', 'README.md', 'package.json']);
		const needed = /^dist\/(credentials|lib|nodes)\/.+\.(js|lua|svg|node\.json)$/;
		expect(code.filter((each) => !needed.test(each))).toEqual([]);
		await run('tar', ['-czf', 'own.tgz', 'package'], { cwd: folder });
		expect((await stat(join(folder, 'own.tgz'))).size).toBeLessThan(450_000);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
});

it('has both nodes under the name of the package', async () => {
	const types = await n8n.api.call<NodeType[]>('GET', '/types/nodes.json');
	const ours = types.filter((each) => each.name.startsWith('n8n-nodes-idempotency.'));
	expect(ours.map((each) => [each.name, each.displayName, each.outputNames])).toEqual(
		expect.arrayContaining([
			[
				'n8n-nodes-idempotency.idempotencyGuard',
				'Idempotency Guard',
				['New', 'Duplicate', 'Conflict'],
			],
			['n8n-nodes-idempotency.idempotencyCommit', 'Idempotency Commit', ['Committed', 'Overtaken']],
		]),
	);
});

it('has the credential', async () => {
	const types = await n8n.api.call<NodeType[]>('GET', '/types/credentials.json');
	const ours = types.find((each) => each.name === type);
	expect(ours).toMatchObject({ displayName: 'Idempotency Redis API' });
});

it('serves the icons of both nodes', async () => {
	for (const icon of ['IdempotencyGuard/guard', 'IdempotencyCommit/commit']) {
		for (const shade of ['.svg', '.dark.svg']) {
			const path = `/icons/n8n-nodes-idempotency/dist/nodes/${icon}${shade}`;
			const response = await fetch(`${n8n.url}${path}`);
			expect([path, response.status, await response.text()]).toEqual([
				...[path, 200, expect.stringContaining('<svg')],
			]);
		}
	}
});

it('says of a good credential what its Redis means for the promise', async () => {
	const test = await n8n.api.testCredential('', name, type, withPassword(PASSWORD));
	expect(test).toMatchObject({
		status: 'OK',
		message: expect.stringMatching(/noeviction.*round trip/),
	});
});

it('says of a bad password what to check', async () => {
	const test = await n8n.api.testCredential('', name, type, withPassword('wrong'));
	expect(test).toMatchObject({
		status: 'Error',
		message: expect.stringContaining('Check user and password'),
	});
});

it('says of an address where no Redis is what to check', async () => {
	const nowhere = { ...withPassword(PASSWORD), port: 1 };
	const test = await n8n.api.testCredential('', name, type, nowhere);
	expect(test).toMatchObject({
		status: 'Error',
		message: expect.stringContaining('Check that Redis runs'),
	});
});

it('replays after an update what an earlier version remembered', async () => {
	const credential = await n8n.api.saveCredential(name, type, withPassword(PASSWORD));
	const charges: readonly ChargeWorkflow[] = [
		await publishCharge(n8n, 'update-embedded'),
		await publishCharge(n8n, 'update-redis', credential),
	];
	const send = async ({ url }: ChargeWorkflow, key: string) =>
		await deliver(url, { orderId: key, amount: 1 }, { 'idempotency-key': key });
	const before = await Promise.all(charges.map(async (charge) => await send(charge, 'done')));
	for (const reply of before) expect(reply).toMatchObject({ status: 201, body: { amount: 1 } });

	await n8n.stop();
	await n8n.update(SET_UP.newer.tarball);
	await n8n.start();
	expect(await n8n.installedVersion()).toBe(SET_UP.newer.version);
	for (const [i, charge] of charges.entries()) {
		expect(await send(charge, 'done')).toEqual(before[i]);
		expect(charge.downstream.total()).toBe(1);
		expect(await send(charge, 'new')).toMatchObject({ status: 201 });
		expect(charge.downstream.total()).toBe(2);
	}
});
