import { statSync } from 'node:fs';
import { join } from 'node:path';
import { javascript, userFolder } from '../support/engine';
import { engine } from './nodes';
import { contentsOf, formsOf, recordsIn } from './on-redis';
import { chargeWorkflow, delivery, newKey, routed } from './scenario';
import { downstream, server, OLD, prefix, sendWith } from './secrets-harness';

/** What lies in the store: sealed, and refused where its bytes were changed. */

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

describe('a record that was changed around its sealed result', () => {
	test.each([
		[
			'its state',
			async (record: string) => await turned(record, 's', (head) => `F${head.slice(1)}`),
		],
		['its status code', async (record: string) => await turned(record, 'z', () => '402')],
		['that it has a result', async (record: string) => await dropped(record)],
	])('%s: an error, no replay, no second run', async (_, change) => {
		const key = newKey();
		const before = new Set(await recordsIn(server));
		await sendWith(OLD, key);
		const [record = ''] = (await recordsIn(server)).filter((name) => !before.has(name));
		await change(record);
		const result = await sendWith(OLD, key);
		expect(result.status).toBe('error');
		expect(result.error?.message).toMatch(/^The stored result of this request can't be read: /);
		expect(result.json('Duplicate')).toEqual([]);
		expect(downstream.effects(key)).toBe(1);
	});

	async function turned(record: string, field: string, to: (value: string) => string) {
		await server.ask(async (client) => {
			const value = (await client.hget(record, field)) ?? '';
			await client.hset(record, field, to(value));
		});
	}

	async function dropped(record: string): Promise<void> {
		await server.ask(async (client) => {
			const parts = (await client.hkeys(record)).filter((name) => /^v\d*$/.test(name));
			await client.hdel(record, ...parts);
		});
	}

	test('a result that is not kept is sealed as well, and is told from one that was removed', async () => {
		const key = newKey();
		const parts = { commit: { options: { result: 'none' } } };
		await sendWith(OLD, key, parts);
		const again = await sendWith(OLD, key, parts);
		expect(again.error?.message).toBeUndefined();
		expect(routed(again)).toEqual([0, 1, 0, 0]);
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
