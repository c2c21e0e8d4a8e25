import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compileInto } from '../support/compile';
import { RedisServer } from '../support/redis-server';
import { TcpProxy } from '../support/tcp-proxy';
import { redisAt, meetFault } from './fault-run';
import type { GuardLine, GuardTask } from './guard-worker';
import { Provider } from './provider';
import { randomFrom, SEED, shuffled } from './random';
import { record } from './report';

/** Secrets, credentials and lines as people have them: processes that claim as Guard does and finish as Commit does. */

jest.setTimeout(300_000);

let folder: string;
let worker: string;
let server: RedisServer;
let provider: Provider;
beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'idempotency-deployments-'));
	worker = compileInto(folder, ['test/faults/guard-worker.ts'])[0]!;
	server = await RedisServer.start();
});
afterAll(async () => {
	await server.stop();
	rmSync(folder, { recursive: true });
});
beforeEach(async () => {
	provider = await Provider.start();
});
afterEach(async () => await provider.stop());

const KEYS = Array.from({ length: 12 }, (_, i) => `key ${i}`);
let deliveries = 0;

async function run(task: Partial<GuardTask> & { keyPrefix: string }): Promise<GuardLine> {
	const all = { secret: '', previousSecret: '', port: server.port, lingerMs: 0, ...task };
	const name = `process-${(deliveries += 1_000)}`;
	const whole = { name, downstream: provider.port, deliveries: KEYS, ...all };
	deliveries += whole.deliveries.length;
	const child = spawn(
		process.execPath,
		['--disable-warning=ExperimentalWarning', worker, JSON.stringify(whole)],
		{ stdio: ['ignore', 'pipe', 'inherit'] },
	);
	let text = '';
	child.stdout.on('data', (data: Buffer) => (text += data.toString()));
	await new Promise((resolve) => child.on('close', resolve));
	runs += whole.deliveries.length;
	return JSON.parse(text) as GuardLine;
}

let runs = 0;
beforeEach(() => {
	runs = 0;
});

/** Each key once more: whoever was told that it was done is told so again, and nobody acts twice. */
function settle(fault: string, last: GuardLine, wanted: readonly string[]): void {
	const acts = KEYS.map((key) => provider.effectsOf(key).length);
	const twice = acts.filter((times) => times > 1).length;
	const wrong = last.filter((outcome) => !wanted.includes(outcome)).length;
	const sideEffects = provider.effects.length;
	const violations = twice + wrong;
	record({ fault, store: 'redis', runs, keys: 12, sideEffects, violations, unprotected: null });
	expect({ twice, wrong, last }).toEqual({ twice: 0, wrong: 0, last });
	expect(sideEffects).toBeGreaterThan(0);
}

/** So many answers. */
const LOST = 12;

const random = randomFrom(SEED);
const mixed = () => shuffled([...KEYS, ...KEYS], random);

it('a secret that is changed under running workers, and changed again too early', async () => {
	const at = { keyPrefix: 'rotated' };
	const [old, changed] = [{ secret: 'one' }, { secret: 'two', previousSecret: 'one' }];
	await run({ ...at, ...old, deliveries: KEYS.slice(0, 6) });
	await Promise.all([
		run({ ...at, ...old, deliveries: mixed() }),
		run({ ...at, ...changed, deliveries: mixed() }),
		run({ ...at, ...changed, deliveries: mixed() }),
	]);
	const tooEarly = await run({ ...at, secret: 'three', previousSecret: 'two' });
	expect(new Set(tooEarly)).toEqual(new Set(['unknown_secret']));
	const removed = await run({ ...at, secret: 'two' });
	expect(new Set(removed)).toEqual(new Set(['unknown_secret']));
	await run({ ...at, ...changed });
	const last = await run({ ...at, ...changed });
	settle('the secret changed under running workers, and again too early', last, ['duplicate']);
});

it('answers to claims and finishes that are lost: what nobody was told of is found', async () => {
	const proxy = await TcpProxy.start(server.port);
	const at = { keyPrefix: 'lost' };
	try {
		const isOver = () => proxy.harmed >= LOST;
		proxy.fateOfReply = () => (!isOver() && random() < 0.3 ? 'drop' : 'pass');
		await run({ ...at, port: proxy.port, deliveries: mixed(), lingerMs: 10_000 });
		expect(proxy.harmed).toBe(LOST);
	} finally {
		await proxy.stop();
	}
	await run(at);
	settle('answers lost at Guard and at Commit', await run(at), ['duplicate']);
});

it('a Commit whose credential is of another store', async () => {
	const at = { keyPrefix: 'guard' };
	const outcomes = await run({ ...at, commitPrefix: 'commit', deliveries: mixed() });
	expect(new Set(outcomes)).toEqual(new Set(['forged', 'in_progress']));
	const other = await server.ask(async (client) => await client.keys('commit:{??}:????*'));
	expect(other.filter((key) => /[0-9a-f]{64}$/.test(key))).toEqual([]);
	settle('Commit with the credential of another store', await run(at), ['in_progress']);
});

it('a slow line: nothing is lost that only takes long', async () => {
	const proxy = await TcpProxy.start(server.port);
	proxy.line = { bytesPerMs: 80, delayMs: 40 };
	const keyPrefix = 'slow';
	const fault = {
		name: 'a slow line: 80 KB/s, 40 ms each way, results of 20 KB',
		store: redisAt(proxy.port, { keyPrefix, timeouts: undefined }),
		looksBy: redisAt(server.port, { keyPrefix }),
		leaseMs: 5_000,
		keys: 6,
	};
	try {
		await meetFault(fault, async (storm) => {
			await storm.storm({ tries: 4, waitMs: 20, resultBytes: 20_000 });
			expect(storm.downstream.effects).toHaveLength(storm.keys.length);
		});
	} finally {
		await proxy.stop();
	}
});
