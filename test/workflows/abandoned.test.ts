import { http, javascript, noOp, stopAndError, switchTo } from '../support/engine';
import { detailsOf, newKey, routed } from './scenario';
import { downstream, next, recordOf, recordsOf, run, set, WHEN } from './abandoned-harness';

/** What becomes of a claim whose run an error stopped before Commit: docs/guarantees.md, "Abandoned", in n8n's engine. */

describe('stopped by the node that failed', () => {
	const parts = { charge: { fullResponse: false } };

	test('402: failed, and the refusal is replayed', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 402, body: { declined: true } });
		const first = await run(parts, key);
		expect(first.status).toBe('error');
		const record = await recordOf(first);
		expect(record).toMatchObject({ state: 'failed', statusCode: 402 });
		const second = await run(parts, key);
		expect(routed(second)).toEqual([0, 1, 0, 0]);
		expect(detailsOf(second, 'Duplicate')).toMatchObject({ statusCode: 402, resultItems: 0 });
		expect(detailsOf(second, 'Duplicate').message).toMatch(WHEN);
		expect(downstream.requests.filter((request) => request.key === key)).toHaveLength(1);
	});

	test('429: released, to be tried again later', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 429, headers: { 'retry-after': '120' } });
		const record = await recordOf(await run(parts, key));
		expect(record).toMatchObject({ state: 'released', statusCode: 429 });
		// n8n's final error has no headers: the wait grows from 30 s.
		expect(record.notBefore - record.leaseUntil).toBe(30_000);
		const conflict = await next(parts, key);
		expect(conflict).toMatchObject({ reason: 'retry_later', statusCode: 409 });
		expect(conflict.message).toMatch(/stopped at Charge: .*429/);
		expect(conflict.retryAfterSeconds).toBeGreaterThan(25);
	});

	test('nothing listens: released', async () => {
		const record = await recordOf(
			await run({ charge: { ...parts.charge, url: 'http://127.0.0.1:1/' } }, newKey()),
		);
		expect(record).toMatchObject({ state: 'released', attempts: 1 });
		expect(record.reason).toMatch(/stopped at Charge: .*ECONNREFUSED/);
	});

	test.each([
		['500', { status: 500 }, {}, /HTTP 500|500/],
		['an answer that comes too late', { delayMs: 500 }, { timeout: 40 }, /ECONNABORTED|timeout/i],
		['a connection cut after the request', { reset: true }, {}, /ECONNRESET|socket hang up/],
	])('%s: unknown, and held', async (_, answer, request, words) => {
		const key = newKey();
		downstream.nextFor(key, answer);
		const charging = { charge: { ...parts.charge, ...request } };
		const first = await run(charging, key);
		expect(first.status).toBe('error');
		expect(await recordOf(first)).toMatchObject({ state: 'unknown' });
		const conflict = await next(charging, key);
		expect(conflict).toMatchObject({ reason: 'unknown_outcome', statusCode: 409 });
		expect(conflict.message).toMatch(WHEN);
		expect(conflict.message).toContain('stopped at Charge');
		expect(conflict.message).toMatch(words);
		expect(conflict.message).toContain('Whether it acted is not known, so nothing was done.');
		// None, where the machine was so busy that the time passed before the request had arrived.
		const sent = downstream.requests.filter((request) => request.key === key);
		expect(sent.length).toBeLessThanOrEqual(1);
	});

	test('unknown, where an earlier run that never finished may be run again: the next delivery acts', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 500 });
		const retrying = { ...parts, guard: { onUnknownOutcome: 'retry' } };
		expect(await recordOf(await run(retrying, key))).toMatchObject({ state: 'unknown' });
		const second = await run(retrying, key);
		expect(detailsOf(second, 'Guard')).toMatchObject({ attempt: 2, takeover: true });
		expect(second.json('Committed')).toHaveLength(1);
		expect(await recordOf(second)).toMatchObject({ state: 'completed', attempts: 2 });
	});

	test('hold wins where only one of the two says run again', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 500 });
		await run(parts, key);
		const conflict = await next({ ...parts, guard: { onUnknownOutcome: 'retry' } }, key);
		expect(conflict).toMatchObject({ reason: 'unknown_outcome' });
	});

	test('with Retry On Fail only the last try is seen: unknown', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 402 }, { status: 402 });
		const retried = { ...parts, chargeSettings: { retryOnFail: true, maxTries: 2 } };
		const record = await recordOf(await run(retried, key));
		expect(record).toMatchObject({ state: 'unknown' });
		expect(record.reason).toContain('only the last try is seen');
		expect(downstream.requests.filter((request) => request.key === key)).toHaveLength(2);
	});

	test('after another node had acted: unknown', async () => {
		const key = newKey();
		downstream.nextFor(key, {}, { status: 402 });
		const send = { url: downstream.url, body: '={{ $json.body ?? { key: $json.key } }}' };
		const act = [http('Reserve', send), http('Charge', send)];
		const record = await recordOf(await run({ act }, key));
		// One was done and the other refused for good: there is nothing left to do.
		expect(record).toMatchObject({ state: 'completed' });
		expect(record.reason).toContain('1 of 2: Reserve');
		expect(downstream.effects(key)).toBe(1);
	});

	test('after a Code node, which may do anything: unknown', async () => {
		const key = newKey();
		const act = [javascript('Code', (items) => items), stopAndError('Stop', 'no')];
		const record = await recordOf(await run({ act }, key));
		expect(record).toMatchObject({ state: 'unknown' });
		expect(record.reason).toContain('after or beside another node that acted');
	});
});

describe('stopped before anything had acted', () => {
	test.each([
		['Set', [set('Shape')], 'Shape'],
		[
			'Switch, which stands for If',
			[
				switchTo('Choose', 2, () => {
					throw new Error('no such rule');
				}),
			],
			'Choose',
		],
		[
			'Stop and Error behind nodes without effects',
			[noOp('Pass'), stopAndError('Stop', 'no')],
			'Stop',
		],
	])('%s: released', async (_, act, name) => {
		const key = newKey();
		const first = await run({ act }, key);
		expect(first.status).toBe('error');
		const record = await recordOf(first);
		expect(record).toMatchObject({ state: 'released', statusCode: 0 });
		expect(record.reason).toContain(`stopped at ${name}, before anything had acted`);
		const second = await next({ act }, key);
		expect(second).toMatchObject({ reason: 'retry_later' });
	});
});

describe('a batch', () => {
	const charge = { fullResponse: false };

	test('with an error that names one item: that one by its error, the others unknown', async () => {
		const keys = [newKey(), newKey(), newKey()];
		downstream.nextFor(keys[1] ?? '', { status: 402 });
		const first = await run({ charge }, keys);
		expect(first.status).toBe('error');
		const records = await recordsOf(first);
		expect(records.map(({ state }) => state)).toEqual(['unknown', 'failed', 'unknown']);
		expect(records[1]).toMatchObject({ statusCode: 402 });
		expect(records[0]?.reason).toContain('an error that names another item');
	});

	test('with an error that names none: all unknown', async () => {
		const act = [
			javascript('Bulk', () => {
				throw Object.assign(new Error('refused'), { httpCode: '402' });
			}),
		];
		const records = await recordsOf(await run({ act }, [newKey(), newKey()]));
		expect(records.map(({ state }) => state)).toEqual(['unknown', 'unknown']);
		expect(records[0]?.reason).toContain('an error that may be about another item');
	});

	test('whose nodes had not acted yet: all released', async () => {
		const records = await recordsOf(await run({ act: [set('Shape')] }, [newKey(), newKey()]));
		expect(records.map(({ state }) => state)).toEqual(['released', 'released']);
	});
});
