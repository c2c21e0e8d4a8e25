import type { INodeParameters, IRunData } from 'n8n-workflow';
import { withVariables } from '../support/variables';
import { startDownstream, stopAndError } from '../support/engine';
import type { CommonRunOptions, Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** Runs from the editor. */

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const storm = (parts: ChargeParts = {}) => chargeWorkflow(downstream.url, parts);
const manual = async (
	key: string,
	parts: ChargeParts = {},
	options: CommonRunOptions & { destinationNode?: string; runData?: IRunData } = {},
) => await n8n.run(storm(parts), { mode: 'manual', triggerItems: [delivery(key)], ...options });
const real = async (key: string, parts: ChargeParts = {}) =>
	await n8n.run(storm(parts), { triggerItems: [delivery(key)] });
const testRuns = (value: string, more: INodeParameters = {}): ChargeParts => ({
	guard: { options: { testRuns: value, ...more } },
});

describe('separate', () => {
	test('has keys of its own: neither sees the other', async () => {
		const key = newKey();
		expect(detailsOf(await manual(key), 'Guard')).toMatchObject({
			outcome: 'new',
			scope: 'test run, node',
		});
		expect(routed(await real(key))).toEqual([1, 0, 0, 0]);
		expect(routed(await manual(key))).toEqual([0, 1, 0, 0]);
		expect(downstream.effects(key)).toBe(2);
	});

	test('without Commit the key is given back at once, as often as one likes', async () => {
		const key = newKey();
		for (let run = 0; run < 3; run++) {
			const result = await manual(key, {}, { destinationNode: 'Guard' });
			expect(routed(result)).toEqual([1, 0, 0, 0]);
		}
		const failing = { act: [stopAndError('Stop', 'not yet')] };
		expect((await manual(key, failing)).status).toBe('error');
		expect(routed(await manual(key, failing))).toEqual([1, 0, 0, 0]);
	});

	test('an answer that was lost does not block the next try', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 500 });
		await manual(key);
		expect(detailsOf(await manual(key), 'Guard')).toMatchObject({ outcome: 'new', takeover: true });
	});

	test('what Commit saved is kept for an hour at most, whatever either node says', async () => {
		for (const commitOptions of [{}, { retentionHours: 100 }]) {
			const key = newKey();
			const parts = {
				guard: { options: { detailsOnDuplicates: true } },
				commit: { options: commitOptions },
			};
			await manual(key, parts);
			const { expiresAt } = detailsOf(await manual(key, parts), 'Guard', 1);
			const hours = (Date.parse(String(expiresAt)) - Date.now()) / 3_600_000;
			expect(hours).toBeGreaterThan(0.9);
			expect(hours).toBeLessThanOrEqual(1);
		}
	});

	test.each(['missing', 'lost'] as const)(
		'where nobody hears of the end (%s), a lease of a minute ends it',
		async (finishHandlers) => {
			const key = newKey();
			const first = await manual(key, {}, { destinationNode: 'Guard', finishHandlers });
			const { expiresAt, firstSeenAt } = detailsOf(first, 'Guard');
			const heldFor = Date.parse(String(expiresAt)) - Date.parse(String(firstSeenAt)) - 3_600_000;
			expect(heldFor).toBeLessThanOrEqual(60_000);
			const second = await manual(key, {}, { destinationNode: 'Guard' });
			expect(detailsOf(second, 'Guard', 2).reason).toBe('in_progress');
		},
	);
});

test('same: the keys of production', async () => {
	const key = newKey();
	await real(key);
	expect(routed(await manual(key, testRuns('same')))).toEqual([0, 1, 0, 0]);
	const other = newKey();
	await manual(other, testRuns('same'));
	expect(routed(await real(other))).toEqual([0, 1, 0, 0]);
});

test('skip: everything is New, marked, and the store is not asked', async () => {
	const key = newKey();
	await withVariables({ EXECUTIONS_MODE: 'queue' }, async () => {
		for (let run = 0; run < 2; run++) {
			const result = await manual(key, testRuns('skip'));
			expect(result.status).toBe('success');
			expect(detailsOf(result, 'Guard')).toEqual({ outcome: 'skipped' });
			expect(result.hints('Commit')[0]?.message).toMatch(/without a claim/);
		}
	});
	expect(routed(await real(key, testRuns('skip')))).toEqual([1, 0, 0, 0]);
	expect(detailsOf(await real(key, testRuns('skip')), 'Guard', 2)).toEqual({});
});

test('an execution of a sub-workflow is real, whoever started it', async () => {
	const key = newKey();
	const result = await n8n.run(storm(), { mode: 'integrated', triggerItems: [delivery(key)] });
	expect(detailsOf(result, 'Guard').scope).toBe('node');
	expect(routed(await real(key))).toEqual([0, 1, 0, 0]);
});

describe('steps executed alone', () => {
	test('Commit with the token of an earlier run: saved, and it says that the Guard did not run', async () => {
		const key = newKey();
		const first = await manual(key, {}, { destinationNode: 'Charge' });
		const later = await manual(key, {}, { destinationNode: 'Commit', runData: first.runData });
		expect(later.status).toBe('success');
		expect(later.json('Commit')).toHaveLength(1);
		expect(later.hints('Commit')[0]?.message).toMatch(/although Idempotency Guard did not run/);
		expect(routed(await manual(key))).toEqual([0, 1, 0, 0]);
	});

	test('Commit with a token that another run has replaced: Superseded', async () => {
		const key = newKey();
		const first = await manual(key, {}, { destinationNode: 'Charge' });
		await manual(key);
		const later = await manual(key, {}, { destinationNode: 'Commit', runData: first.runData });
		expect(later.json('Commit', 1)[0]?.idempotency).toMatchObject({ reason: 'taken_over' });
	});

	test('pinned data in the place of the Guard: its old token saves nothing over a newer result', async () => {
		const key = newKey();
		const first = await manual(key);
		const pinned = await n8n.run(storm(), {
			mode: 'manual',
			triggerItems: [delivery(key)],
			pinData: { Guard: first.items('Guard') },
		});
		expect(pinned.status).toBe('success');
		expect(pinned.hints('Commit')[0]?.message).toMatch(/already completed/);
		expect((await manual(key)).json('Guard', 1)).toEqual(first.json('Committed'));
	});

	test('pinned data without a token: the items pass, with a hint', async () => {
		const pinned = await n8n.run(storm(), {
			mode: 'manual',
			pinData: { Guard: [delivery(newKey())] },
		});
		expect(pinned.status).toBe('success');
		expect(pinned.hints('Commit')[0]?.message).toMatch(/without a claim/);
	});
});
