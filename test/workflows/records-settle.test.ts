import type { INode } from 'n8n-workflow';
import { javascript } from '../support/engine';
import { delivery, detailsOf, newKey, routed } from './scenario';
import {
	n8n,
	downstream,
	charge,
	send,
	mend,
	done,
	unknown,
	whileRunning,
} from './records-harness';

/** Idempotency Records: Release, Resolve and Forget, on claims that Guards and Commits made. */

const AUDIT =
	/by workflow "Mend "it"" \(mending\), execution \d+, at \d{4}-\d\d-\d\dT.*Z: asked the bank$/;
const options = { note: 'asked the bank' };

describe('Release', () => {
	test('lets the next delivery act, and keeps who did it, when and why', async () => {
		const key = newKey();
		const hash = await unknown(key);
		expect(detailsOf(await send(key), 'Conflict')).toMatchObject({ reason: 'unknown_outcome' });
		const result = await mend({ operation: 'release', findBy: 'hash', hash, options });
		expect(result.error?.message).toBeUndefined();
		const [released] = result.json('Records');
		expect(released).toMatchObject({
			hash,
			key,
			outcome: 'done',
			state: 'released',
			previousState: 'unknown',
			audit: {
				workflowId: 'mending',
				workflow: 'Mend "it"',
				note: 'asked the bank',
				executionId: result.executionId,
				node: 'Records',
			},
		});
		const [record] = await done({ operation: 'get', findBy: 'hash', hash });
		expect(record?.reason).toMatch(AUDIT);
		expect(record?.reason).toMatch(/^Released by/);
		expect(result.logs.map(({ message }) => message).join('\n')).toMatch(/Released by workflow/);
		expect(detailsOf(await send(key), 'Guard')).toMatchObject({ outcome: 'new' });
	});

	test('of a running claim needs Force; then two may act, and the first is told', async () => {
		const { key, result } = await whileRunning({}, async (hash) => {
			const refused = await mend({ operation: 'release', findBy: 'hash', hash });
			expect(refused.error?.message).toMatch(/is held by execution \d+ of workflow workflow-1/);
			expect((refused.error as { description?: string }).description).toMatch(/"Force"/);
			const [forced] = await done({
				operation: 'release',
				findBy: 'hash',
				hash,
				options: { force: true },
			});
			expect(forced).toMatchObject({ outcome: 'done', previousState: 'processing' });
		});
		expect(result.error?.message).toBeUndefined();
		expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
	});

	test('leaves a completed request, and one that is not there, as they are', async () => {
		const key = newKey();
		const { hash } = detailsOf(await send(key), 'Guard');
		const completed = await mend({ operation: 'release', findBy: 'hash', hash: String(hash) });
		expect(completed.error?.message).toMatch(/is completed: its result stays/);
		expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
		const nobody = await mend({ operation: 'release', findBy: 'hash', hash: 'b'.repeat(64) });
		expect(nobody.error?.message).toMatch(/There is no record with the hash b+/);
	});

	test('does nothing if another run was granted the key since it was seen', async () => {
		const key = newKey();
		const hash = await unknown(key);
		const result = await mend({
			operation: 'release',
			findBy: 'hash',
			hash,
			options: { fence: '={{ 12345 }}' },
		});
		expect(result.error?.message).toMatch(/changed since it was seen/);
		const [record] = await done({ operation: 'get', findBy: 'hash', hash });
		expect(record?.state).toBe('unknown');
		const fence = String(record?.fence);
		await done({ operation: 'release', findBy: 'hash', hash, options: { fence } });
		const wrong = await mend({
			operation: 'release',
			findBy: 'hash',
			hash,
			options: { fence: '' },
		});
		expect(wrong.error?.message).toMatch(/is not a fence/);
	});

	test('all claims of a failed execution, and no others', async () => {
		const keys = [newKey(), newKey(), newKey()];
		const others = newKey();
		await unknown(others);
		const stop = javascript('Act', () => {
			throw new Error('The third line of the order is missing');
		});
		const failed = await n8n.run(charge({ act: [stop] }), {
			triggerItems: keys.map((key) => delivery(key)),
		});
		expect(failed.status).toBe('error');
		const trigger = [
			{ json: { execution: { id: failed.executionId }, workflow: { id: 'workflow-1' } } },
		];
		const byDefault = {
			operation: 'release',
			findBy: 'execution',
			executionId: '={{ $json.execution.id }}',
			workflowId: '={{ $json.workflow.id }}',
		};
		const released = await done(byDefault, trigger);
		expect(released.map(({ key }) => key).sort()).toEqual([...keys].sort());
		for (const each of released) expect(each).toMatchObject({ outcome: 'done', state: 'released' });
		for (const key of keys) expect(routed(await send(key))).toEqual([1, 0, 0, 0]);
		expect(detailsOf(await send(others), 'Conflict').reason).toBe('unknown_outcome');
		expect(await done(byDefault, trigger)).toEqual([]);
	});
});

describe('Resolve', () => {
	test('as done: duplicates get the result that was given', async () => {
		const key = newKey();
		const hash = await unknown(key);
		const item = { json: { statusCode: 200, body: { paid: 5 }, idempotency: { token: 'x' } } };
		const resolve = { operation: 'resolve', findBy: 'hash', hash, resolveTo: 'completed' };
		const [resolved] = await done({ ...resolve, options: { ...options, statusCode: 200 } }, [item]);
		expect(resolved).toMatchObject({ outcome: 'done', state: 'completed' });
		const second = await send(key);
		expect(second.json('Duplicate')).toEqual([{ statusCode: 200, body: { paid: 5 } }]);
		const [record] = await done({ operation: 'get', findBy: 'hash', hash });
		expect(record).toMatchObject({ state: 'completed', statusCode: 200 });
		expect(record?.reason).toMatch(/^Resolved as done by workflow/);
		expect((await mend({ ...resolve }, [item])).error?.message).toMatch(/is completed/);
		expect(downstream.requests.filter((request) => request.key === key)).toHaveLength(1);
	});

	test.each<[string, INode['parameters'], unknown]>([
		['an object', { resolveResult: 'json', resolveJson: '{ "a": 1 }' }, [{ a: 1 }]],
		['a list', { resolveResult: 'json', resolveJson: '[{ "a": 1 }, {}]' }, [{ a: 1 }, {}]],
		['nothing', { resolveResult: 'none' }, [expect.objectContaining({ body: expect.anything() })]],
	])('with %s', async (_, parameters, expected) => {
		const key = newKey();
		const hash = await unknown(key);
		await done({ operation: 'resolve', findBy: 'hash', hash, ...parameters });
		expect((await send(key)).json('Duplicate')).toEqual(expected);
	});

	test('as not done: the next delivery acts', async () => {
		const key = newKey();
		const hash = await unknown(key);
		await done({ operation: 'resolve', findBy: 'hash', hash, resolveTo: 'released', options });
		const [record] = await done({ operation: 'get', findBy: 'hash', hash });
		expect(record?.reason).toMatch(/^Resolved as not done by workflow/);
		expect(record?.reason).toMatch(AUDIT);
		expect(routed(await send(key))).toEqual([1, 0, 0, 0]);
	});

	test.each(['5', '[1]', 'no JSON', 'null'])('refuses %s as a result', async (resolveJson) => {
		const hash = await unknown(newKey());
		const result = await mend({
			operation: 'resolve',
			findBy: 'hash',
			hash,
			resolveResult: 'json',
			resolveJson,
		});
		expect(result.error?.message).toMatch(/not an object or a list of objects/);
	});
});

describe('Forget', () => {
	test('makes the next delivery count as new; twice is as once', async () => {
		const key = newKey();
		const { hash } = detailsOf(await send(key), 'Guard');
		const forget = { operation: 'forget', findBy: 'hash', hash: String(hash) };
		const [forgotten] = await done({ ...forget, options });
		expect(forgotten).toMatchObject({ outcome: 'done', state: 'absent', key });
		expect(forgotten?.reason).toMatch(AUDIT);
		expect(routed(await send(key))).toEqual([1, 0, 0, 0]);
		await done(forget);
		expect(await done(forget)).toEqual([
			expect.objectContaining({ found: false, outcome: 'kept', state: 'absent' }),
		]);
	});

	test('of a running claim needs Force', async () => {
		await whileRunning({}, async (hash) => {
			const refused = await mend({ operation: 'forget', findBy: 'hash', hash });
			expect(refused.error?.message).toMatch(/is held by execution/);
			const forced = { operation: 'forget', findBy: 'hash', hash, options: { force: true } };
			expect((await done(forced))[0]).toMatchObject({ outcome: 'done' });
		});
	});
});
