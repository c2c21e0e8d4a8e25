import type { IDataObject } from 'n8n-workflow';
import { startDownstream } from '../support/engine';
import type { Downstream, RunResult } from '../support/engine';
import { partsOfKsuid } from '../support/ksuid';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, eventually, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

/** Runs one delivery: `send(key, body)`. */
const sender =
	(parts: ChargeParts = {}) =>
	async (key: string, body: IDataObject = {}) =>
		await n8n.run(chargeWorkflow(downstream.url, parts), { triggerItems: [delivery(key, body)] });

/** The details of a conflict, after what holds for every conflict was checked. */
function conflictOf(result: RunResult, reason: string, statusCode: number): IDataObject {
	expect(result.status).toBe('success');
	expect(routed(result)).toEqual([0, 0, 1, 0]);
	expect(result.tasks('Charge')).toEqual([]);
	const details = detailsOf(result, 'Conflict');
	const message = expect.stringMatching(/^["A-Z].*\.$/);
	expect(details).toMatchObject({ outcome: 'conflict', reason, statusCode, message });
	expect(details.message).toMatch(/nothing was done/i);
	expect(details.problem).toEqual({
		type: expect.stringMatching(new RegExp(`^https://.*#${reason}$`)),
		title: expect.stringMatching(/^[A-Z]/),
		status: statusCode,
		detail: details.message,
	});
	const expected = ['reason', 'statusCode', 'message', 'retryAfterSeconds', 'changedFields'];
	expect(Object.keys(details)).toEqual(expect.arrayContaining(expected));
	expect(JSON.stringify(result.items('Guard', 2))).not.toMatch(/"(token|fence|owner)"/);
	return details;
}

test('in_progress: while the first run acts', async () => {
	const key = newKey();
	let answer: () => void = () => {};
	const until = new Promise<void>((resolve) => {
		answer = resolve;
	});
	downstream.nextFor(key, { until });
	const send = sender();
	const first = send(key);
	await eventually(() => downstream.requests.at(-1)?.key === key);
	const details = conflictOf(await send(key), 'in_progress', 409);
	expect(details).toMatchObject({ key, attempt: 1, takeover: false, changedFields: [] });
	expect(details).not.toHaveProperty('sameBatch');
	expect(details.retryAfterSeconds).toBeGreaterThanOrEqual(1);
	expect(details.message).toContain('has been running since');
	answer();
	expect((await first).json('Committed')).toHaveLength(1);
	expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
	expect(downstream.effects(key)).toBe(1);
});

test('another Compare says nothing of requests of before: they are duplicates, and a new one is compared', async () => {
	const key = newKey();
	await sender({ guard: { compare: 'payload' } })(key, { amount: 1, note: 'first' });
	const byAmount = sender({ guard: { compare: 'fields', compareFields: 'body.amount' } });
	expect(routed(await byAmount(key, { amount: 1, note: 'again' }))).toEqual([0, 1, 0, 0]);

	const other = newKey();
	await byAmount(other, { amount: 1, note: 'first' });
	const differs = await byAmount(other, { amount: 2, note: 'first' });
	conflictOf(differs, 'payload_mismatch', 422);
});

test('payload_mismatch: names the fields that differ, and no value of theirs', async () => {
	const key = newKey();
	const send = sender();
	await send(key, { amount: 1, currency: 'EUR', note: 'same' });
	const differs = await send(key, { amount: 99_123, currency: 'USD', note: 'same' });
	const details = conflictOf(differs, 'payload_mismatch', 422);
	expect(details.changedFields).toEqual(['body.amount', 'body.currency']);
	expect(details.message).toMatch(
		/^This key was first used at 20\S+Z for a different request \(it differs in: body\.amount, body\.currency\), which was completed at 20\S+Z with HTTP 200\. Nothing was done for this one\. .*Changing a request does not repeat or correct it/,
	);
	expect(JSON.stringify(details)).not.toMatch(/99123|USD/);
	expect(details.retryAfterSeconds).toBeNull();
	expect(downstream.effects(key)).toBe(1);
	expect(routed(await send(key, { amount: 1, currency: 'EUR', note: 'same' }))).toEqual([
		0, 1, 0, 0,
	]);
});

test('payload_mismatch names fields that came and counts those that went', async () => {
	const key = newKey();
	const send = sender();
	await send(key, { a: 1, gone: 1 });
	const details = conflictOf(await send(key, { a: 1, came: 1 }), 'payload_mismatch', 422);
	expect(details.changedFields).toEqual(['body.came']);
	expect(details.message).toContain('(it differs in: body.came; 1 of its fields is missing)');
});

test('payload_mismatch is asked first: also while the first run acts, and of unfinished ones', async () => {
	const key = newKey();
	downstream.nextFor(key, { status: 500, effect: true });
	const send = sender();
	await send(key, { amount: 1 });
	conflictOf(await send(key, { amount: 2 }), 'payload_mismatch', 422);
	conflictOf(await send(key, { amount: 1 }), 'unknown_outcome', 409);
});

test('unknown_outcome: says what happened to the run that nobody knows the end of', async () => {
	const key = newKey();
	downstream.nextFor(key, { status: 502, effect: true });
	const send = sender();
	await send(key);
	const details = conflictOf(await send(key), 'unknown_outcome', 409);
	expect(details.message).toMatch(/HTTP 502 Bad Gateway/);
	expect(details.retryAfterSeconds).toBeNull();
	expect(downstream.effects(key)).toBe(1);
});

test('unknown_outcome under "Run Again": the next delivery takes over', async () => {
	const key = newKey();
	downstream.nextFor(key, { status: 502 });
	const send = sender({ guard: { onUnknownOutcome: 'retry' } });
	const first = await send(key);
	const second = await send(key);
	expect(detailsOf(second, 'Guard')).toMatchObject({ outcome: 'new', takeover: true, attempt: 2 });
	expect(Number(detailsOf(second, 'Guard').fence)).toBeGreaterThan(
		Number(detailsOf(first, 'Guard').fence),
	);
	expect(second.json('Committed')).toHaveLength(1);
	expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
});

test('retry_later: with the time that the downstream asked for', async () => {
	const key = newKey();
	downstream.nextFor(key, { status: 429, headers: { 'retry-after': '700' } });
	const send = sender();
	await send(key);
	const details = conflictOf(await send(key), 'retry_later', 409);
	expect(details.retryAfterSeconds).toBeGreaterThan(500);
	expect(details.retryAfterSeconds).toBeLessThanOrEqual(700);
	expect(details.message).toMatch(/HTTP 429 Too Many Requests.*Try again in [5-7]\d\d s/);
	expect(downstream.effects(key)).toBe(0);
});

test('retry_later ends: a new attempt with a higher fence', async () => {
	const key = newKey();
	downstream.nextFor(key, { status: 429, headers: { 'retry-after': '0' } });
	const send = sender();
	const first = detailsOf(await send(key), 'Guard');
	const again = await send(key);
	expect(detailsOf(again, 'Guard')).toMatchObject({ attempt: 2, takeover: false });
	expect(Number(detailsOf(again, 'Guard').fence)).toBeGreaterThan(Number(first.fence));
	expect(downstream.effects(key)).toBe(1);
});

test('attempts_exhausted: after as many tries as asked for, and none before', async () => {
	const key = newKey();
	const refusal = { status: 429, headers: { 'retry-after': '0' } };
	downstream.nextFor(key, refusal, refusal);
	const send = sender({ guard: { options: { limitAttempts: true, maxAttempts: 2 } } });
	expect(routed(await send(key))).toEqual([1, 0, 0, 0]);
	expect(routed(await send(key))).toEqual([1, 0, 0, 0]);
	const details = conflictOf(await send(key), 'attempts_exhausted', 429);
	expect(details.message).toMatch(/tried 2 times.*HTTP 429/);
	expect(details.attempt).toBe(2);
});

describe('stale_key', () => {
	const send = sender({
		guard: { retentionHours: 1, options: { ksuidTime: '={{ $json.body.at }}' } },
	});
	const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

	test('an event older than this node remembers is refused', async () => {
		const key = newKey();
		const details = conflictOf(await send(key, { at: hoursAgo(1.5) }), 'stale_key', 412);
		expect(details).toMatchObject({ ksuid: null, attempt: 0, firstSeenAt: null, expiresAt: null });
		expect(downstream.effects(key)).toBe(0);
	});

	test('a younger one passes, and its time is that of the KSUID', async () => {
		const at = hoursAgo(0.5);
		const result = await send(newKey(), { at });
		expect(routed(result)).toEqual([1, 0, 0, 0]);
		const details = detailsOf(result, 'Guard');
		const { timeMs } = partsOfKsuid(String(details.ksuid));
		expect(timeMs / 1000).toBe(Math.floor(Date.parse(at) / 1000));
		expect(Date.parse(String(details.firstSeenAt))).toBeGreaterThan(Date.parse(at) + 60_000);
	});

	test('a time that is none is an error, not a guess', async () => {
		const result = await send(newKey(), { at: 'yesterday' });
		expect(result.status).toBe('error');
		expect(result.error?.message).toMatch(/"Time: Event Time" can't be used/);
	});
});

test('missing_key as a conflict: 400, and nothing runs', async () => {
	const json = chargeWorkflow(downstream.url, {
		guard: {
			keySource: 'expression',
			key: '={{ $json.body.order }}',
			options: { onMissingKey: 'conflict' },
		},
	});
	const before = downstream.requests.length;
	const result = await n8n.run(json, { triggerItems: [delivery(newKey())] });
	const details = conflictOf(result, 'missing_key', 400);
	expect(details.message).toContain('"Value" is empty');
	expect(downstream.requests).toHaveLength(before);
});
