import type { INodeParameters } from 'n8n-workflow';

import { detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';
import { downstream, NEW, CONFLICT, call, withTenant, send, act } from './tenants-harness';

/** Each tenant's keys are its own. */

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

describe('the tenant by the name of its field', () => {
	const byField = (tenantField: string, more: INodeParameters = {}): ChargeParts => ({
		act: [act],
		guard: { options: { tenantField, ...more } },
	});

	test('each has its own keys, those that an expression for the same field gives', async () => {
		const key = newKey();
		const parts = { ...byField('jwtPayload.tenant'), id: key };
		for (const tenant of ['acme', 'globex']) {
			expect(routed(await send(parts, call(key, tenant)))).toEqual(NEW);
		}
		const byExpression = { ...withTenant(), act: [act], id: key };
		for (const tenant of ['acme', 'globex']) {
			const again = await send(byExpression, call(key, tenant));
			expect(again.json('Duplicate')).toEqual([{ chargedFor: tenant }]);
		}
	});

	test('each has a budget of its own', async () => {
		const parts = byField('jwtPayload.tenant', { budgetPer: 'tenant', budgetLimit: 1 });
		expect(routed(await send(parts, call(newKey(), 'acme')))).toEqual(NEW);
		expect(routed(await send(parts, call(newKey(), 'acme')))).toEqual(CONFLICT);
		expect(routed(await send(parts, call(newKey(), 'globex')))).toEqual(NEW);
	});

	test.each(['', ' ', 'jwtPayload.nobody', 'jwtPayload.tenant.length', 'jwtPayload.constructor'])(
		'what %p does not find is an error of its item',
		async (path) => {
			const key = newKey();
			const result = await send(byField(path), call(key, 'acme'));
			expect(result.error?.message).toContain('The item has no tenant');
			expect(downstream.effects(key)).toBe(0);
		},
	);

	test('a field beside the verified ones whose name is the whole path stands for nobody', async () => {
		const key = newKey();
		const parts = byField('jwtPayload.tenant');
		expect(routed(await send(parts, call(key, 'victim')))).toEqual(NEW);
		const attack = call(key, 'attacker');
		const json = { 'jwtPayload.tenant': 'victim', ...attack.json };
		expect(routed(await send(parts, { ...attack, json }))).toEqual(NEW);
		const none = await send(parts, { ...attack, json: { ...json, jwtPayload: null } });
		expect(none.error?.message).toContain('The item has no tenant');
	});

	test('with both options no item goes through: which is meant is not guessed', async () => {
		const parts = withTenant('separate', { tenantField: 'jwtPayload.tenant' });
		const result = await send(parts, call(newKey(), 'acme'));
		expect(result.error?.message).toContain('Both "Tenant" and "Tenant Field"');
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
