import { records, startDownstream, webhook, workflow } from '../support/engine';
import type { Downstream } from '../support/engine';
import type { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** A store in a server, for whole workflows. */
export interface ServerStore {
	/** A new n8n with the credential for it, and what is given of that. */
	readonly n8n: (credential?: Record<string, string>) => ReturnType<typeof engine>;
	/** The same workflow with both nodes on it. */
	readonly on: (parts: ChargeParts) => ChargeParts;
	/** What of a credential sets its records apart. */
	readonly apart: Record<string, string>;
	/** What those records hold, as text in which this mark would be found. */
	readonly contents: (mark: string) => Promise<{ text: string; mark: string }>;
}

/** The main paths over a store in a server; the stores' own suite says that it answers as the embedded one. */
export function describeMainPaths({ n8n: start, on, apart, contents }: ServerStore): void {
	let downstream: Downstream;
	beforeAll(async () => {
		downstream = await startDownstream();
	});
	afterAll(async () => await downstream.close());

	const workflowOf = (parts: ChargeParts = {}) => chargeWorkflow(downstream.url, on(parts));
	const send = async (key: string, parts: ChargeParts = {}, n8n = start()) =>
		await n8n.run(workflowOf(parts), { triggerItems: [delivery(key)] });

	test('New, Duplicate, mismatch; the charge happens once', async () => {
		const key = newKey();
		const first = await send(key);
		expect(first.error?.message).toBeUndefined();
		expect(detailsOf(first, 'Guard')).toMatchObject({
			outcome: 'new',
			attempt: 1,
			token: expect.stringMatching(/^idem1\./),
		});
		const second = await send(key);
		expect(second.json('Duplicate')).toEqual(first.json('Committed'));
		const other = await start().run(workflowOf(), { triggerItems: [delivery(key, { amount: 2 })] });
		expect(detailsOf(other, 'Conflict')).toMatchObject({
			reason: 'payload_mismatch',
			changedFields: ['body.amount'],
		});
		expect(downstream.effects(key)).toBe(1);
	});

	test('a storm of one key from several n8n: one charge', async () => {
		const key = newKey();
		const storm = await Promise.all(Array.from({ length: 12 }, async () => await send(key)));
		const outcomes = storm.map((result) => routed(result).indexOf(1));
		expect(outcomes.filter((output) => output === 0)).toHaveLength(1);
		expect(downstream.effects(key)).toBe(1);
		expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
	});

	test('a lost answer is held, a refusal for now is given back, as on the embedded store', async () => {
		const [lost, later] = [newKey(), newKey()];
		downstream.nextFor(lost, { status: 500 });
		downstream.nextFor(later, { status: 429, headers: { 'retry-after': '0' } });
		await send(lost);
		await send(later);
		expect(detailsOf(await send(lost), 'Conflict')).toMatchObject({ reason: 'unknown_outcome' });
		expect(detailsOf(await send(later), 'Guard')).toMatchObject({ outcome: 'new', attempt: 2 });
	});

	test('a request without a key is counted, though the run stopped and nothing was claimed', async () => {
		const n8n = start();
		const namespace = 'keyless';
		const parts = on({ guard: { options: { scope: 'custom', namespace } } });
		const keyless = { json: { body: { amount: 1 } } };
		const ran = await n8n.run(chargeWorkflow(downstream.url, parts), { triggerItems: [keyless] });
		expect(ran.status).toBe('error');
		const { guard = {}, guardSettings } = on({});
		const stats = { operation: 'stats', workflows: 'all', options: { namespace } };
		const flow = workflow({
			nodes: [webhook('Start'), records('Records', { ...guard, ...stats }, guardSettings)],
			connections: [['Start', 'Records']],
		});
		const told = await n8n.run(flow, { triggerItems: [{ json: {} }] });
		expect(told.json('Records')).toMatchObject([{ namespace, new: 0, missingKeys: 1 }]);
	});

	test('with a secret nothing of the result can be read in the store, and duplicates still get it', async () => {
		const key = newKey();
		const n8n = start({ ...apart, secret: 'a long random text' });
		downstream.nextFor(key, { body: { mark: 'PLAIN-TEXT' } });
		const first = await send(key, {}, n8n);
		const second = await send(key, {}, n8n);
		expect(second.json('Duplicate')).toEqual(first.json('Committed'));
		const { text, mark } = await contents('PLAIN-TEXT');
		expect(text.length).toBeGreaterThan(100);
		expect(text).not.toContain(mark);
		const others = await send(key, {}, start({ ...apart, secret: 'another long text' }));
		expect(others.error?.message).toMatch(/^The store holds records of another secret/);
	});
}
