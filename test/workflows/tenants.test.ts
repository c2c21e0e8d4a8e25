import { createHash } from 'node:crypto';
import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { RedisServer } from '../support/redis-server';
import { fieldDigestsOf } from '../../lib/keys/field-digests';
import { fingerprintOf, identityOf, tenantDigestOf } from '../../lib/keys/identity';
import { guard, javascript, startDownstream, webhookItem } from '../support/engine';
import type { Answer, Downstream } from '../support/engine';
import { engine } from './nodes';
import { contentsOf, engineOn, formsOf, onRedis, recordsIn } from './on-redis';
import { chargeWorkflow, detailsOf, eventually, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

const n8n = engine();
let downstream: Downstream;
let server: RedisServer;
beforeAll(async () => {
	[downstream, server] = await Promise.all([startDownstream(), RedisServer.start()]);
});
afterAll(async () => {
	await Promise.all([downstream.close(), server.stop()]);
});

const NEW = [1, 0, 0, 0];
const CONFLICT = [0, 0, 1, 0];

/** A call with an Idempotency-Key by a tenant that its token names. */
const call = (key: string, tenant: unknown, body: IDataObject = {}): INodeExecutionData => {
	const item = webhookItem({ body: { key, ...body }, headers: { 'idempotency-key': key } });
	return { json: { ...item.json, jwtPayload: { tenant } as IDataObject } };
};

const withTenant = (tenantMode?: 'separate' | 'bind', more: INodeParameters = {}): ChargeParts => ({
	guard: {
		options: {
			tenant: '={{ $json.jwtPayload.tenant }}',
			...(tenantMode === undefined ? {} : { tenantMode }),
			...more,
		},
	},
});
const send = async (parts: ChargeParts, ...triggerItems: INodeExecutionData[]) =>
	await n8n.run(chargeWorkflow(downstream.url, parts), { triggerItems });

/** Answers who was charged, so that each result tells whose it is. */
const act = javascript('Act', (items) =>
	items.map(({ json }, item) => ({
		json: { chargedFor: (json.jwtPayload as IDataObject).tenant as string },
		pairedItem: { item },
	})),
);

describe('separate', () => {
	test.each([undefined, 'separate'] as const)(
		'each has its own keys and answers (%s)',
		async (mode) => {
			const key = newKey();
			const parts = { ...withTenant(mode), act: [act] };
			for (const tenant of ['acme', 'globex']) {
				const first = await send(parts, call(key, tenant, { of: tenant }));
				expect(routed(first)).toEqual(NEW);
			}
			for (const tenant of ['acme', 'globex']) {
				const again = await send(parts, call(key, tenant, { of: tenant }));
				expect(again.json('Duplicate')).toEqual([{ chargedFor: tenant }]);
			}
		},
	);

	test('in one batch as well', async () => {
		const key = newKey();
		const items = ['acme', 'globex', 'acme'].map((tenant) => call(key, tenant));
		const result = await send({ ...withTenant(), act: [act] }, ...items);
		expect(routed(result)).toEqual([2, 0, 1, 0]);
		expect(detailsOf(result, 'Conflict')).toMatchObject({ reason: 'in_progress', sameBatch: true });
	});

	test('a tenant and none are apart: turning the option on takes nobody for another', async () => {
		const key = newKey();
		expect(routed(await send({ act: [act] }, call(key, 'acme')))).toEqual(NEW);
		expect(routed(await send({ ...withTenant(), act: [act] }, call(key, 'acme')))).toEqual(NEW);
	});

	test('a tenant cannot be moved into the key, nor the key into the tenant', async () => {
		const key = newKey();
		const parts = {
			act: [act],
			guard: { ...withTenant().guard, keySource: 'expression', key: '={{ $json.body.key }}' },
		} as ChargeParts;
		for (const [tenant, value] of [
			['a', `b","${key}`],
			['a","b', key],
			[`a","b","${key}`, 'x'],
		]) {
			expect(routed(await send(parts, call(String(value), tenant)))).toEqual(NEW);
		}
	});
});

describe('number and text are not the same tenant', () => {
	test.each([
		[1, '1'],
		[true, 'true'],
		[{ id: 1 }, '{"id":1}'],
		[[1], '[1]'],
		[0, '0'],
		[false, 'false'],
	])('%p and %p', async (one, other) => {
		for (const mode of ['separate', 'bind'] as const) {
			const key = newKey();
			const parts = { ...withTenant(mode), act: [act] };
			expect(routed(await send(parts, call(key, one)))).toEqual(NEW);
			expect(routed(await send(parts, call(key, other)))).toEqual(mode === 'bind' ? CONFLICT : NEW);
			expect((await send(parts, call(key, one))).json('Duplicate')).toEqual([{ chargedFor: one }]);
		}
	});
});

describe('a missing tenant', () => {
	const missing: unknown[] = ['', ' \t', null, undefined, [], {}, { id: '' }];
	test.each(missing)('%p is an error of its item, and never the empty tenant', async (tenant) => {
		for (const mode of ['separate', 'bind'] as const) {
			const key = newKey();
			const before = downstream.effects(key);
			const result = await send(withTenant(mode), call(newKey(), 'acme'), call(key, tenant));
			expect(result.status).toBe('error');
			expect(result.error?.message).toContain('The item has no tenant');
			expect(result.error?.context).toMatchObject({ itemIndex: 1 });
			expect(downstream.effects(key)).toBe(before);
			expect(result.tasks('Charge')).toEqual([]);
		}
	});

	test.each(missing)('%p gets through by no setting', async (tenant) => {
		for (const onError of ['continueRegularOutput', 'continueErrorOutput'] as const) {
			const key = newKey();
			const parts = withTenant('separate', {
				onMissingKey: 'continueUnprotected',
				onStoreError: 'continueUnprotected',
			});
			const result = await send(
				{ ...parts, guardSettings: { onError } },
				call(key, tenant),
				call(key, 'acme'),
			);
			expect(downstream.effects(key)).toBe(1);
			const [refused] = result.json(onError === 'continueErrorOutput' ? 'Error' : 'Conflict');
			expect(refused?.error).toContain('The item has no tenant');
		}
	});

	test('a tenant that was left empty in the node is missing for every item', async () => {
		const parts = { guard: { options: { tenant: '' } } };
		expect((await send(parts, call(newKey(), 'acme'))).error?.message).toContain('no tenant');
	});

	test('a tenant that no JSON holds is an error of its item', async () => {
		const result = await send(withTenant(), call(newKey(), 'half \ud83d'));
		expect(result.error?.message).toMatch(/surrogate/);
		expect(result.error?.context).toMatchObject({ itemIndex: 0 });
	});
});

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

describe('on Redis, with a secret', () => {
	const SECRET = { secret: 'a long random text of the credential' };
	const scope = ['node', 'workflow-1', guard('Guard').id];
	const keyPartsOf = (key: string) => ['delivery', 'idempotencyKey', null, key.trim()];
	beforeEach(async () => {
		await server.ask(async (client) => await client.flushall());
	});
	const sendTo = async (parts: ChargeParts, ...triggerItems: INodeExecutionData[]) =>
		await engineOn(server, SECRET).run(chargeWorkflow(downstream.url, onRedis(parts)), {
			triggerItems,
		});

	/** The records of acme and globex, each completed with its own result. */
	async function twoRecords(key: string) {
		const parts = { ...withTenant('separate'), act: [act] };
		await sendTo(parts, call(key, 'acme'));
		const [acme = ''] = await recordsIn(server);
		await sendTo(parts, call(key, 'globex'));
		const globex = (await recordsIn(server)).find((name) => name !== acme) ?? '';
		return { parts, acme, globex };
	}

	test('bytes of one result in the record of another are refused, not shown', async () => {
		const key = newKey();
		const { parts, acme, globex } = await twoRecords(key);
		await server.ask(async (client) => {
			const stolen = await client.hgetBuffer(acme, 'v');
			await client.hset(globex, 'v', stolen ?? '');
		});
		const result = await sendTo(parts, call(key, 'globex'));
		expect(result.status).toBe('error');
		expect(result.error?.message).toMatch(/was changed, or belongs to another record/);
		expect(JSON.stringify(result.runData.Guard)).not.toContain('acme');
		expect(result.tasks('Act')).toEqual([]);
		expect((await sendTo(parts, call(key, 'acme'))).json('Duplicate')).toEqual([
			{ chargedFor: 'acme' },
		]);
	});

	test('so are those of another request of the same tenant', async () => {
		const parts = { ...withTenant('separate'), act: [act] };
		const keys = [newKey(), newKey()];
		for (const key of keys) await sendTo(parts, call(key, 'acme'));
		const [one = '', other = ''] = await recordsIn(server);
		await server.ask(async (client) => {
			await client.hset(one, 'v', (await client.hgetBuffer(other, 'v')) ?? '');
		});
		const results = await Promise.all(
			keys.map(async (key) => await sendTo(parts, call(key, 'acme'))),
		);
		expect(results.map(({ status }) => status).sort()).toEqual(['error', 'success']);
		expect(results.map(({ error }) => error?.message ?? '').join('')).toMatch(
			/was changed, or belongs/,
		);
	});

	test('so is a whole record under the name of another', async () => {
		const key = newKey();
		const { parts, acme, globex } = await twoRecords(key);
		await server.ask(async (client) => await client.copy(acme, globex, 'REPLACE'));
		const result = await sendTo(parts, call(key, 'globex'));
		const shown = JSON.stringify([
			result.json('Duplicate'),
			result.json('Conflict'),
			result.error?.message,
		]);
		expect(result.json('Duplicate')).toEqual([]);
		expect(result.tasks('Act')).toEqual([]);
		expect(shown).not.toContain('chargedFor');
	});

	test('bind: a record that was given to another tenant by hand does not decrypt for it', async () => {
		const key = newKey();
		const parts = { ...withTenant('bind'), act: [act] };
		await sendTo(parts, call(key, 'acme'));
		const [record = ''] = await recordsIn(server);
		await sendTo(parts, call(newKey(), 'globex'));
		const other = (await recordsIn(server)).find((name) => name !== record) ?? '';
		await server.ask(
			async (client) => await client.hset(record, 'd', (await client.hget(other, 'd')) ?? ''),
		);
		const result = await sendTo(parts, call(key, 'globex'));
		expect(result.status).toBe('error');
		expect(result.error?.message).toMatch(/was changed, or belongs to another record/);
		expect(JSON.stringify(result.runData.Guard)).not.toContain('chargedFor');
	});

	test('a whole Redis tells neither keys nor tenants nor payloads, in whatever state', async () => {
		// Repeated, since a long value is stored in several parts: one of them holds a whole marker.
		const planted = {
			key: 'PlantedKey '.repeat(12),
			tenant: 'PlantedTenant '.repeat(12),
			payload: 'PlantedPayload '.repeat(12),
			result: 'PlantedResult '.repeat(12),
		};
		const answers = [null, { status: 402 }, { status: 429 }, { status: 500 }];
		for (const mode of ['separate', 'bind'] as const) {
			for (const [n, answer] of answers.entries()) {
				const key = `${planted.key}-${mode}-${n}`;
				downstream.nextFor(key, { body: { id: planted.result }, ...answer });
				const parts = {
					...withTenant(mode),
					chargeSettings: { onError: 'continueErrorOutput' },
				} as ChargeParts;
				const body = { card: planted.payload, [planted.payload]: 1 };
				await sendTo(parts, call(key, planted.tenant, body));
				await sendTo(parts, call(key, planted.tenant, { ...body, more: 1 }));
				await sendTo(parts, call(key, 'another', body));
			}
		}
		const open = javascript('Act', () => []);
		await sendTo({ ...withTenant(), act: [open] }, call(`${planted.key}-left`, planted.tenant));
		const contents = await contentsOf(server);
		expect(await recordsIn(server)).not.toHaveLength(0);
		expect(contents.length).toBeGreaterThan(2_000);
		const guesses = [
			...Object.values(planted).flatMap((text) => [
				...formsOf(text.slice(0, text.indexOf(' '))),
				createHash('sha256').update(text).digest('hex'),
				tenantDigestOf(text),
				fingerprintOf(text),
				fieldDigestsOf([['body.card', text]]).toString('base64url'),
			]),
			identityOf({
				scope,
				tenant: planted.tenant,
				keyParts: keyPartsOf(`${planted.key}-separate-0`),
			}),
			identityOf({ scope, tenant: null, keyParts: keyPartsOf(`${planted.key}-bind-0`) }),
		];
		for (const guess of guesses) expect(contents).not.toContain(guess);
	});

	test('without a secret they are readable: what the scan above looks for is there to be found', async () => {
		const plain = async (...triggerItems: INodeExecutionData[]) =>
			await engineOn(server).run(
				chargeWorkflow(downstream.url, onRedis({ ...withTenant(), act: [act] })),
				{ triggerItems },
			);
		const key = 'PlantedKey';
		await plain(call(key, 'PlantedTenant'));
		const contents = await contentsOf(server);
		expect(contents).toContain(key);
		expect(contents).toContain('PlantedTenant');
		expect(contents).toContain(tenantDigestOf('PlantedTenant'));
		expect(contents).toContain(
			identityOf({ scope, tenant: 'PlantedTenant', keyParts: keyPartsOf(key) }),
		);
	});
});
