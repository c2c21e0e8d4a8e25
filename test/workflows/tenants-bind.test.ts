import { javascript } from '../support/engine';
import type { Answer } from '../support/engine';
import { detailsOf, eventually, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';
import { downstream, NEW, CONFLICT, call, withTenant, send, act } from './tenants-harness';

/** A key belongs to the tenant that brought it first. */

describe('bind', () => {
	const bind = withTenant('bind', { detailsOnDuplicates: true });
	/** All that another tenant may learn: what it brought itself, and that the key is taken. */
	const nothingElse = (key: string) => ({
		outcome: 'conflict',
		key,
		hash: expect.stringMatching(/^[0-9a-f]{64}$/),
		ksuid: null,
		uuid: expect.any(String),
		scope: 'node',
		attempt: 0,
		takeover: false,
		firstSeenAt: null,
		expiresAt: null,
		duplicates: 0,
		reason: 'tenant_mismatch',
		statusCode: 403,
		message: 'This key belongs to somebody else. Nothing was done.',
		retryAfterSeconds: null,
		changedFields: [],
		problem: {
			type: expect.stringMatching(/conflicts\.md#tenant_mismatch$/),
			title: 'The key belongs to somebody else',
			status: 403,
			detail: 'This key belongs to somebody else. Nothing was done.',
		},
	});

	test('the first tenant owns the key; what another gets is the same in every state of it', async () => {
		const states: Array<[string, string, Answer | null]> = [
			['completed', 'duplicate', null],
			['failed', 'duplicate', { status: 402 }],
			['released', 'retry_later', { status: 429 }],
			['unknown', 'unknown_outcome', { status: 500 }],
		];
		for (const [state, seenByOwner, answer] of states) {
			const key = newKey();
			if (answer !== null) downstream.nextFor(key, answer);
			const settings: ChargeParts = {
				...bind,
				charge: { fullResponse: false },
				chargeSettings: { onError: 'continueErrorOutput' },
			};
			expect(routed(await send(settings, call(key, 'acme')))).toEqual(NEW);
			for (const body of [{}, { amount: 2 }]) {
				const other = await send(settings, call(key, 'globex', body));
				expect([state, routed(other)]).toEqual([state, CONFLICT]);
				expect(detailsOf(other, 'Conflict')).toEqual(nothingElse(key));
				expect(other.json('Conflict')[0]?.body).toEqual({ key, ...body });
			}
			const own = await send(settings, call(key, 'acme'));
			expect(detailsOf(own, 'Conflict').reason ?? 'duplicate').toBe(seenByOwner);
		}
	});

	test('while the first runs, too: nothing of its time, and no waiting for it', async () => {
		const key = newKey();
		let release = () => {};
		const running = new Promise<void>((resolve) => (release = resolve));
		let started = false;
		const slow = javascript('Act', async (items) => {
			started = true;
			await running;
			return items;
		});
		const parts = {
			...bind,
			// Longer than jest lets a test run.
			guard: { ...bind.guard, onInProgress: 'wait', maxWaitSeconds: 3_600 },
			act: [slow],
		} as ChargeParts;
		const first = send(parts, call(key, 'acme'));
		await eventually(() => started);
		const other = await send(parts, call(key, 'globex'));
		expect(detailsOf(other, 'Conflict')).toEqual(nothingElse(key));
		release();
		expect(routed(await first)).toEqual(NEW);
	});

	test('the owner is not disturbed: its answer, its counter, its fields that differ', async () => {
		const key = newKey();
		const parts = { ...bind, act: [act] };
		await send(parts, call(key, 'acme', { amount: 1 }));
		for (let i = 0; i < 3; i++) await send(parts, call(key, 'globex', { amount: 1 }));
		const again = await send(parts, call(key, 'acme', { amount: 1 }));
		expect(again.json('Duplicate')[0]).toMatchObject({
			chargedFor: 'acme',
			idempotency: { duplicates: 1, attempt: 1 },
		});
		const different = await send(parts, call(key, 'acme', { amount: 2 }));
		expect(detailsOf(different, 'Conflict')).toMatchObject({
			reason: 'payload_mismatch',
			changedFields: ['body.amount'],
		});
	});

	test('two tenants in one batch: the second is refused, whichever key it thought its own', async () => {
		const key = newKey();
		const result = await send({ ...bind, act: [act] }, call(key, 'acme'), call(key, 'globex'));
		expect(routed(result)).toEqual([1, 0, 1, 0]);
		expect(detailsOf(result, 'Conflict')).toEqual(nothingElse(key));
	});

	test('a key that was claimed without a tenant belongs to none of them', async () => {
		const key = newKey();
		await send({ act: [act] }, call(key, 'acme'));
		const other = await send({ ...bind, act: [act] }, call(key, 'acme'));
		expect(detailsOf(other, 'Conflict')).toEqual(nothingElse(key));
	});
});
