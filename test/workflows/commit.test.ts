import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import {
	commit,
	guard,
	javascript,
	noOp,
	startDownstream,
	webhook,
	workflow,
} from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const act = javascript('Act', () => [{ json: { id: 1 }, pairedItem: 0 }]);
const run = async (key: string, parts: ChargeParts = {}) =>
	await n8n.run(chargeWorkflow(downstream.url, { act: [act], ...parts }), {
		triggerItems: [delivery(key)],
	});

describe('operations', () => {
	test('save as failed: the items are replayed, whatever they say', async () => {
		const key = newKey();
		const parts = {
			commit: { operation: 'fail' },
			guard: { options: { detailsOnDuplicates: true } },
		};
		const first = await run(key, parts);
		expect(first.json('Committed')).toEqual([{ id: 1 }]);
		expect((await run(key, parts)).json('Duplicate')[0]).toMatchObject({ id: 1 });
	});

	test('release: the next delivery may act at once', async () => {
		const key = newKey();
		const parts = { commit: { operation: 'release' } };
		expect((await run(key, parts)).json('Committed')).toHaveLength(1);
		const second = await run(key, parts);
		expect(detailsOf(second, 'Guard')).toMatchObject({
			outcome: 'new',
			attempt: 2,
			takeover: false,
		});
	});

	test('renew: the claim stays open, and Commit after it can still save', async () => {
		const key = newKey();
		const json = workflow({
			nodes: [
				webhook(),
				guard('Guard'),
				commit('Renew', { operation: 'renew' }),
				act,
				commit('Commit'),
			],
		});
		const result = await n8n.run(json, { triggerItems: [delivery(key)] });
		expect(result.counts('Renew')).toEqual([1, 0]);
		expect(result.counts('Commit')).toEqual([1, 0]);
		expect(result.hints('Commit')).toEqual([]);
		expect(routed(await n8n.run(json, { triggerItems: [delivery(key)] }))).toEqual([0, 1, 0, 0]);
	});

	test('a claim that is finished keeps its first result, with a hint', async () => {
		const key = newKey();
		const second = javascript('Change', () => [{ json: { id: 2 }, pairedItem: 0 }]);
		const json = workflow({
			nodes: [webhook(), guard('Guard'), act, commit('Commit'), second, commit('Again')],
		});
		const result = await n8n.run(json, { triggerItems: [delivery(key)] });
		expect(result.status).toBe('success');
		expect(result.hints('Again')[0]?.message).toMatch(/already completed, and stays so/);
		expect((await n8n.run(json, { triggerItems: [delivery(key)] })).json('Guard', 1)).toEqual([
			{ id: 1 },
		]);
	});
});

describe('Overtaken', () => {
	/** The first run loses its claim to a second one while it acts. */
	async function overtaken(operation: string) {
		const key = newKey();
		let takeOver: () => Promise<unknown> = async () => undefined;
		const guardOf = { onUnknownOutcome: 'retry', options: { claimTimeoutMinutes: 0.001 } };
		const slow = javascript('Act', async () => {
			const next = takeOver;
			takeOver = async () => undefined;
			await new Promise((resolve) => setTimeout(resolve, 90));
			await next();
			return [{ json: { id: 1 }, pairedItem: 0 }];
		});
		const parts = { act: [slow], guard: guardOf, commit: { operation } };
		let second: Awaited<ReturnType<typeof run>> | undefined;
		takeOver = async () => {
			second = await run(key, { ...parts, act: [act], commit: {} });
		};
		return { key, first: await run(key, parts), second };
	}

	test('says who holds the key now: the side effect may have happened twice', async () => {
		const { key, first, second } = await overtaken('save');
		expect(detailsOf(second ?? first, 'Guard')).toMatchObject({ takeover: true, attempt: 2 });
		expect(first.tasks('Committed')).toEqual([]);
		expect(first.json('Overtaken')).toEqual([
			{
				id: 1,
				idempotency: {
					reason: 'taken_over',
					owner: { workflowId: 'workflow-1', executionId: first.executionId },
					currentOwner: { workflowId: 'workflow-1', executionId: second?.executionId },
					fence: detailsOf(second ?? first, 'Guard').fence,
				},
			},
		]);
		expect((await run(key)).json('Duplicate')).toEqual([{ id: 1 }]);
	});

	test.each(['release', 'fail'])('%s of a lost claim changes nothing', async (operation) => {
		const { key, first } = await overtaken(operation);
		expect(first.json('Overtaken')).toHaveLength(1);
		expect((await run(key)).json('Duplicate')).toEqual([{ id: 1 }]);
	});

	test('renew after the claim timeout: the claim is lost', async () => {
		const { first } = await overtaken('renew');
		expect(detailsOf(first, 'Overtaken').reason).toBe('taken_over');
		const alone = javascript('Act', async (items) => {
			await new Promise((resolve) => setTimeout(resolve, 90));
			return items;
		});
		const late = await run(newKey(), {
			act: [alone],
			guard: { options: { claimTimeoutMinutes: 0.001 } },
			commit: { operation: 'renew' },
		});
		expect(detailsOf(late, 'Overtaken')).toMatchObject({ reason: 'lease_lost', state: 'lapsed' });
	});
});

describe('the option "Claim"', () => {
	const breakLinks = javascript('Break', (items) => items.map(({ json }) => ({ json })), {
		links: 'broken',
	});
	const token = "={{ $('Guard').first().json.idempotency.token }}";
	const whole = "={{ $('Guard').first().json.idempotency }}";

	test.each([token, whole])('%s', async (claim) => {
		const key = newKey();
		const parts = { act: [act, breakLinks], commit: { options: { claim } } };
		const first = await run(key, parts);
		expect(first.error?.message).toBeUndefined();
		expect(routed(await run(key, parts))).toEqual([0, 1, 0, 0]);
	});

	test.each(['nonsense', '={{ 7 }}', '={{ ({ token: 1 }) }}', '={{ [] }}', 'idem1.x'])(
		'garbage is an error, not a pass: %s',
		async (claim) => {
			const result = await run(newKey(), { commit: { options: { claim } } });
			expect(result.status).toBe('error');
			expect(result.error?.message).toMatch(/does not hold a claim token|claim token is/);
		},
	);

	test('a token of another workflow is refused', async () => {
		const foreign = await run(newKey(), { id: 'other' });
		const { token: stolen } = detailsOf(foreign, 'Guard');
		const result = await run(newKey(), { commit: { options: { claim: String(stolen) } } });
		expect(result.error?.message).toBe('The claim token belongs to another workflow');
	});

	test('a token that was changed, or made up, is refused', async () => {
		const first = await run(newKey(), { commit: { operation: 'release' } });
		const [prefix, body = '', mac = ''] = String(detailsOf(first, 'Guard').token).split('.');
		const fields = JSON.parse(Buffer.from(body, 'base64url').toString()) as unknown[];
		fields[3] = Number(fields[3]) + 1_000_000;
		const forgedBody = Buffer.from(JSON.stringify(fields)).toString('base64url');
		for (const claim of [
			`${prefix}.${forgedBody}.${mac}`,
			`${prefix}.${body}.${mac.slice(0, 4)}`,
		]) {
			const result = await run(newKey(), { commit: { options: { claim } } });
			expect(result.error?.message).toBe('The claim token is not from this store');
			expect(result.error?.description).toMatch(/made up/);
		}
	});

	test('a token that names the other store is refused before that store is asked', async () => {
		const { token: granted } = detailsOf(await run(newKey()), 'Guard');
		const [, body = ''] = String(granted).split('.');
		const fields = JSON.parse(Buffer.from(body, 'base64url').toString()) as unknown[];
		fields[0] = 'redis';
		const claim = `idem1.${Buffer.from(JSON.stringify(fields)).toString('base64url')}.AAAA`;
		const result = await run(newKey(), { commit: { options: { claim } } });
		expect(result.error?.message).toBe(
			'This request is kept in the store "Redis", but "Store" of this node is "This n8n Instance"',
		);
	});
});

describe('one bad claim of several', () => {
	const two = (keys: string[]): INodeExecutionData[] => keys.map((key) => delivery(key));
	const claim = '={{ $itemIndex === 0 ? "idem1.eA.eA" : $json.idempotency.token }}';
	const pass = noOp('Act');

	test('the others are saved, and then the node fails', async () => {
		const keys = [newKey(), newKey(), newKey()];
		const json = chargeWorkflow('', { act: [pass], commit: { options: { claim } } });
		const result = await n8n.run(json, { triggerItems: two(keys) });
		expect(result.error?.message).toBe('The claim token is not from this store');
		expect(result.error?.context).toMatchObject({ itemIndex: 0 });
		const again = await n8n.run(json, { triggerItems: two(keys) });
		expect(routed(again).slice(0, 2)).toEqual([0, 2]);
	});

	test.each([
		['continueRegularOutput', 'Overtaken'],
		['continueErrorOutput', 'Unsaved'],
	] as const)('under %s its item goes to %s, with all that it had', async (onError, output) => {
		const keys = [newKey(), newKey()];
		const json = chargeWorkflow('', {
			act: [pass],
			commit: { options: { claim } },
			commitSettings: { onError },
		});
		const result = await n8n.run(json, { triggerItems: two(keys) });
		expect(result.status).toBe('success');
		expect(result.json('Committed').map(({ body }) => (body as IDataObject).key)).toEqual([
			keys[1],
		]);
		const [failed = {}] = result.json(output);
		expect(failed.error).toBe('The claim token is not from this store');
		expect(onError === 'continueErrorOutput' ? failed.details : failed).toMatchObject({
			body: { key: keys[0] },
		});
	});
});

test('without a Guard: says what is missing', async () => {
	const result = await n8n.run(workflow({ nodes: [webhook(), act, commit('Commit')] }), {
		triggerItems: [delivery(newKey())],
	});
	expect(result.error?.message).toBe('There is no Idempotency Guard before this node');
	expect(result.error?.description).toMatch(/Put a Guard before the node that acts/);
});

test('items without a claim pass, with a hint: an error after the charge would be worst', async () => {
	const key = newKey();
	const json = workflow({
		nodes: [webhook(), guard('Guard'), act, commit('Commit')],
		connections: [
			['Webhook', 'Guard', 'Act', 'Commit'],
			['Guard:1', 'Commit'],
		],
	});
	await n8n.run(json, { triggerItems: [delivery(key)] });
	const again = await n8n.run(json, { triggerItems: [delivery(key)] });
	expect(again.json('Commit')).toEqual([{ id: 1 }]);
	expect(again.hints('Commit')[0]?.message).toMatch(/1 of 1 items came here without a claim/);
});
