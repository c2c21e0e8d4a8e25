import { createHash } from 'node:crypto';
import type { INodeExecutionData } from 'n8n-workflow';
import { fieldDigestsOf } from '../../lib/keys/field-digests';
import { fingerprintOf, identityOf, tenantDigestOf } from '../../lib/keys/identity';
import { guard, javascript } from '../support/engine';
import { contentsOf, engineOn, formsOf, onRedis, recordsIn } from './on-redis';
import { chargeWorkflow, newKey } from './scenario';
import type { ChargeParts } from './scenario';
import { downstream, server, call, withTenant, act } from './tenants-harness';

/** What tenants see of each other's records on Redis, with a secret and without. */

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
		expect(result.error?.message).toMatch(/was changed, or it belongs to another record/);
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
			/was changed, or it belongs/,
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
		expect(result.error?.message).toMatch(/was changed, or it belongs to another record/);
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
