import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IDataObject } from 'n8n-workflow';
import { KEPT_MS } from '../../nodes/shared/open-store';
import { RedisServer } from '../support/redis-server';
import { javascript, startDownstream, userFolder } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { contentsOf, engineOn, formsOf, onRedis, recordsIn } from './on-redis';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

let downstream: Downstream;
let server: RedisServer;
beforeAll(async () => {
	[downstream, server] = await Promise.all([startDownstream(), RedisServer.start()]);
});
afterAll(async () => {
	await Promise.all([downstream.close(), server.stop()]);
});

const OLD = { secret: 'the first secret' };
const NEW = { secret: 'the second secret' };
const ROTATED = { secret: NEW.secret, previousSecret: OLD.secret };
type Secrets = { secret?: string; previousSecret?: string; keyPrefix?: string };

/** Each test has a key prefix of its own: Redis remembers which secret the records of one are made with. */
let prefixes = 0;
const nextPrefix = () => ({ keyPrefix: `own${++prefixes}` });
const prefix = () => ({ keyPrefix: `own${prefixes}` });
beforeEach(nextPrefix);

const sendWith = async (
	secrets: Secrets,
	key: string,
	parts: ChargeParts = {},
	body: IDataObject = {},
) =>
	await engineOn(server, { ...prefix(), ...secrets }).run(
		chargeWorkflow(downstream.url, onRedis(parts)),
		{
			triggerItems: [delivery(key, body)],
		},
	);

/** n8n with a credential that is changed while a run is under way. */
function changing(secrets: Secrets) {
	const credential: Record<string, string | number> = {
		deployment: 'standalone',
		host: '127.0.0.1',
		port: server.port,
		...prefix(),
		...secrets,
	};
	const n8n = engine({ credentials: { idempotencyRedisApi: credential } });
	const change = (to: Secrets) => void Object.assign(credential, to);
	/** What acts while the credential is changed, for longer than what was read of it is kept. */
	const actAndChange = (to: Secrets, id: string | number) =>
		javascript('Act', async () => {
			change(to);
			await sleep(KEPT_MS);
			return [{ json: { id }, pairedItem: 0 }];
		});
	return { n8n, change, actAndChange };
}

describe('after a change of the secret, with the old one as "Previous Secret"', () => {
	test('a finished request is found, and its result replayed: no second run', async () => {
		const key = newKey();
		const first = await sendWith(OLD, key);
		const second = await sendWith(ROTATED, key);
		expect(second.error?.message).toBeUndefined();
		expect(second.json('Duplicate')).toEqual(first.json('Committed'));
		expect(downstream.effects(key)).toBe(1);
	});

	test('a different request under the same key is told, with the fields that differ', async () => {
		const key = newKey();
		await sendWith(OLD, key, {}, { amount: 1 });
		const other = await sendWith(ROTATED, key, {}, { amount: 2 });
		expect(detailsOf(other, 'Conflict')).toMatchObject({
			reason: 'payload_mismatch',
			changedFields: ['body.amount'],
		});
	});

	test.each([
		[{ status: 402 }, [0, 1, 0, 0], undefined],
		[{ status: 500 }, [0, 0, 1, 0], 'unknown_outcome'],
		[{ status: 429 }, [0, 0, 1, 0], 'retry_later'],
	])('what ended otherwise is as it was: %p', async (answer, route, reason) => {
		const key = newKey();
		downstream.nextFor(key, answer);
		await sendWith(OLD, key);
		const second = await sendWith(ROTATED, key);
		expect(routed(second)).toEqual(route);
		expect(detailsOf(second, 'Conflict').reason).toBe(reason);
		expect(second.tasks('Charge')).toEqual([]);
	});

	test('a run under way keeps its key, and can still save its result', async () => {
		const key = newKey();
		const { n8n, change } = changing(OLD);
		let meanwhile: Awaited<ReturnType<typeof sendWith>> | undefined;
		const act = javascript('Act', async () => {
			change(ROTATED);
			meanwhile = await sendWith(ROTATED, key);
			return [{ json: { id: 'first' }, pairedItem: 0 }];
		});
		const json = chargeWorkflow(downstream.url, onRedis({ act: [act] }));
		const first = await n8n.run(json, { triggerItems: [delivery(key)] });
		expect(meanwhile && detailsOf(meanwhile, 'Conflict').reason).toBe('in_progress');
		expect(first.error?.message).toBeUndefined();
		expect(first.json('Committed')).toEqual([{ id: 'first' }]);
		const later = await sendWith(ROTATED, key);
		expect(later.json('Duplicate')).toEqual([{ id: 'first' }]);
		expect(downstream.effects(key)).toBe(0);
	});

	test('new keys are kept under the new secret: the old one can be dropped later', async () => {
		const key = newKey();
		const first = await sendWith(ROTATED, key);
		const second = await sendWith(NEW, key);
		expect(second.json('Duplicate')).toEqual(first.json('Committed'));
	});

	test('old and new keys in one batch each get their own answer', async () => {
		const keys = [newKey(), newKey(), newKey()];
		await sendWith(OLD, keys[0] ?? '');
		await sendWith(ROTATED, keys[2] ?? '');
		const json = chargeWorkflow(downstream.url, onRedis());
		const triggerItems = keys.map((key) => delivery(key));
		const result = await engineOn(server, { ...prefix(), ...ROTATED }).run(json, { triggerItems });
		expect(routed(result)).toEqual([1, 2, 0, 0]);
		expect(keys.map((key) => downstream.effects(key))).toEqual([1, 1, 1]);
	});

	test('a storm of one key that the old secret knows: no further charge', async () => {
		const key = newKey();
		await sendWith(OLD, key);
		const storm = await Promise.all(
			Array.from({ length: 8 }, async () => await sendWith(ROTATED, key)),
		);
		expect(storm.map(routed)).toEqual(storm.map(() => [0, 1, 0, 0]));
		expect(downstream.effects(key)).toBe(1);
	});
});

describe('a result under a secret that the credential does not have', () => {
	// The key is one of the old secret, the result was saved after the change; then the change is taken back.
	test('is an error that names the way out, and never lets the request through', async () => {
		const key = newKey();
		const { n8n, actAndChange } = changing(OLD);
		const act = actAndChange(ROTATED, 'first');
		const json = chargeWorkflow(downstream.url, onRedis({ act: [act] }));
		await n8n.run(json, { triggerItems: [delivery(key)] });

		// Redis forgets which secret it is for, but keeps the records: the result is still not read.
		await server.ask(async (client) => await client.del(`${prefix().keyPrefix}:{meta}:secrets`));
		const takenBack = await sendWith(OLD, key);
		expect(takenBack.status).toBe('error');
		expect(takenBack.error?.message).toMatch(/encrypted with a secret that is not among those set/);
		expect(takenBack.error?.description).toMatch(/Put that secret back into the credential/);
		expect(takenBack.tasks('Charge')).toEqual([]);
		expect((await sendWith(ROTATED, key)).json('Duplicate')).toEqual([{ id: 'first' }]);
	});
});

describe('a secret under which every request would count as new is refused', () => {
	const refusal = /^The store holds records of another secret .* until 20\d\d-/;

	test.each<[string, Secrets, Secrets]>([
		['changed, without the one before', OLD, NEW],
		['changed, with another one before', OLD, { ...NEW, previousSecret: 'a third' }],
		['taken back', ROTATED, OLD],
		['removed', OLD, {}],
		['removed, and kept as the one before', OLD, { previousSecret: OLD.secret }],
		['set for the first time', {}, OLD],
	])('%s: an error that says what to do, and nothing acts', async (_name, before, after) => {
		const key = newKey();
		await sendWith(before, key);
		const records = await recordsIn(server);
		for (const options of [{}, { onStoreError: 'continueUnprotected' }]) {
			const result = await sendWith(after, key, { guard: { options } });
			expect(result.error?.message).toMatch(refusal);
			expect(result.error?.description).toMatch(/"Previous Secret".*"Key Prefix"/);
			expect(result.tasks('Charge')).toEqual([]);
		}
		const onError = { guardSettings: { onError: 'continueErrorOutput' as const } };
		expect(routed(await sendWith(after, key, onError))).toEqual([0, 0, 0, 1]);
		expect(await recordsIn(server)).toEqual(records);
		expect(downstream.effects(key)).toBe(1);
		expect(routed(await sendWith(before, key))).toEqual([0, 1, 0, 0]);
	});

	test('at Commit, too: the request was handled, so the error says that it was', async () => {
		const key = newKey();
		const { n8n, change, actAndChange } = changing(OLD);
		const act = actAndChange(NEW, 1);
		const json = chargeWorkflow('', onRedis({ act: [act] }));
		const result = await n8n.run(json, { triggerItems: [delivery(key)] });
		expect(result.error?.message).toMatch(
			/^The request was handled, but its result could not be saved: The store holds/,
		);
		change(ROTATED);
		expect((await n8n.retry(result)).json('Committed')).toEqual([{ id: 1 }]);
		expect((await sendWith(ROTATED, key)).json('Duplicate')).toEqual([{ id: 1 }]);
	});

	test('a run that began a moment before the change ends as it began', async () => {
		const key = newKey();
		const { n8n, change } = changing(OLD);
		const act = javascript('Act', () => {
			change(NEW);
			return [{ json: { id: 1 }, pairedItem: 0 }];
		});
		const json = chargeWorkflow('', onRedis({ act: [act] }));
		const result = await n8n.run(json, { triggerItems: [delivery(key)] });
		expect(result.json('Committed')).toEqual([{ id: 1 }]);
		expect((await sendWith(OLD, key)).json('Duplicate')).toEqual([{ id: 1 }]);
		expect((await sendWith(ROTATED, key)).json('Duplicate')).toEqual([{ id: 1 }]);
	});

	test('another key prefix starts empty', async () => {
		const key = newKey();
		await sendWith(OLD, key);
		nextPrefix();
		expect(routed(await sendWith(NEW, key))).toEqual([1, 0, 0, 0]);
	});
});

describe('bytes of a stored result that were changed', () => {
	const credential = OLD;

	async function completed() {
		const key = newKey();
		downstream.nextFor(key, { body: { mark: 'the first answer' } });
		const before = new Set(await recordsIn(server));
		const first = await sendWith(credential, key);
		const [record = ''] = (await recordsIn(server)).filter((name) => !before.has(name));
		return { key, record, first, stored: await read(record) };
	}

	// A long value is kept in parts: v, v1, v2, …
	const PART = /^v\d*$/;
	const partsOf = async (record: string) =>
		await server.ask(async (client) =>
			(await client.hkeys(record))
				.filter((name) => PART.test(name))
				.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))),
		);
	async function read(record: string): Promise<Buffer> {
		const names = await partsOf(record);
		const parts = await server.ask(async (client) => await client.hmgetBuffer(record, ...names));
		return Buffer.concat(parts.map((part) => part ?? Buffer.alloc(0)));
	}
	async function write(record: string, bytes: Buffer): Promise<void> {
		const names = await partsOf(record);
		await server.ask(async (client) => {
			await client.hdel(record, ...names);
			await client.hset(record, 'v', bytes);
		});
	}

	test('each one of them is noticed: an error, no replay, no second run', async () => {
		const { key, record, first, stored } = await completed();
		expect(stored.length).toBeGreaterThan(100);
		for (let at = 0; at < stored.length; at++) {
			const changed = Buffer.from(stored);
			changed[at] = (changed[at] ?? 0) ^ (1 << at % 8);
			await write(record, changed);
			const result = await sendWith(credential, key);
			expect([at, result.status]).toEqual([at, 'error']);
			expect(result.error?.message).toMatch(/^The stored result of this request can't be read: /);
			expect(result.json('Duplicate')).toEqual([]);
			expect(result.tasks('Charge')).toEqual([]);
		}
		await write(record, stored);
		expect((await sendWith(credential, key)).json('Duplicate')).toEqual(first.json('Committed'));
		expect(downstream.effects(key)).toBe(1);
	});

	test('cut, grown, emptied, or replaced by readable text, too', async () => {
		const { key, record, stored } = await completed();
		const plain = Buffer.concat([Buffer.of(1), Buffer.from('[{"json":{"paid":true}}]')]);
		for (const bytes of [
			Buffer.alloc(0),
			stored.subarray(0, 20),
			stored.subarray(0, -1),
			Buffer.concat([stored, Buffer.of(0)]),
			plain,
			Buffer.concat([Buffer.of(0x20), plain]),
		]) {
			await write(record, bytes);
			const result = await sendWith(credential, key);
			expect(result.status).toBe('error');
			expect(result.error?.message).toMatch(/can't be read/);
			expect(result.tasks('Charge')).toEqual([]);
			expect(result.json('Duplicate')).toEqual([]);
		}
	});
});

describe('what Redis shows', () => {
	const mark = 'PlantedByTheErrorOfANode';

	test('with a secret: nothing of an error that stopped the run either', async () => {
		const key = newKey();
		const stops = javascript('Act', () => {
			throw Object.assign(new Error(mark), { code: mark });
		});
		const first = await sendWith(OLD, key, { act: [stops] }, { field: mark });
		expect(first.error?.message).toContain(mark);
		expect(routed(await sendWith(OLD, key))).toEqual([0, 0, 1, 0]);
		const contents = await contentsOf(server);
		expect(contents).toContain(prefix().keyPrefix);
		for (const form of formsOf(mark)) expect(contents).not.toContain(form);
	});
});

test('the embedded file, its log and its shared memory are for their owner alone', async () => {
	const umask = process.umask(0);
	try {
		await engine().run(chargeWorkflow(downstream.url), { triggerItems: [delivery(newKey())] });
	} finally {
		process.umask(umask);
	}
	const file = join(userFolder, '.n8n', 'idempotency.sqlite');
	const modes = ['', '-wal', '-shm'].map((suffix) => statSync(file + suffix).mode & 0o777);
	expect(modes).toEqual([0o600, 0o600, 0o600]);
});
