import fc from 'fast-check';

import { MOST_WAITERS, WaiterLimits } from '../../../lib/guard/waiter-limits';

const keysOf = (identities: readonly string[], tenant = '') =>
	identities.map((identity) => ({ identity, tenant }));

test('20 wait for a key, 100 in a process, and no more', () => {
	expect(MOST_WAITERS).toEqual({ perKey: 20, perTenant: 50, perProcess: 100 });
	const limits = new WaiterLimits();
	const enter = (key: string) => limits.enter(keysOf([key])).admitted.size;
	const admitted = Array.from({ length: 30 }, () => enter('one'));
	expect(admitted.filter((size) => size === 1)).toHaveLength(20);
	expect(limits.size).toBe(20);
	const others = Array.from({ length: 200 }, (_, i) => enter(`other ${i}`));
	expect(others.filter((size) => size === 1)).toHaveLength(80);
	expect(limits.size).toBe(100);
});

test('one tenant takes half of the places, and leaves the others to the rest', () => {
	const limits = new WaiterLimits();
	const enter = (tenant: string, i: number) =>
		limits.enter(keysOf([`${tenant} ${i}`], tenant)).admitted.size;
	const stormed = Array.from({ length: 10_000 }, (_, i) => enter('noisy', i));
	expect(stormed.filter((size) => size === 1)).toHaveLength(50);
	const others = Array.from({ length: 50 }, (_, i) => enter(`tenant of its own ${i}`, i));
	expect(others.filter((size) => size === 1)).toHaveLength(50);
	expect(limits.size).toBe(100);
});

test('of a batch of several tenants only the items of the one without room are refused', () => {
	const limits = new WaiterLimits({ perKey: 5, perTenant: 1, perProcess: 5 });
	limits.enter(keysOf(['a'], 'noisy'));
	const { admitted } = limits.enter([...keysOf(['b'], 'noisy'), ...keysOf(['c'], 'other')]);
	expect([...admitted]).toEqual(['c']);
});

test('a batch waits once, for those of its keys that are not waited for too often', () => {
	const limits = new WaiterLimits({ perKey: 1, perTenant: 2, perProcess: 2 });
	const first = limits.enter(keysOf(['a', 'b']));
	expect([...first.admitted]).toEqual(['a', 'b']);
	const second = limits.enter(keysOf(['b', 'c']));
	expect([...second.admitted]).toEqual(['c']);
	expect(limits.size).toBe(2);
	first.leave();
	first.leave();
	expect([limits.size, limits.keys]).toEqual([1, 1]);
	second.leave();
	expect([limits.size, limits.keys]).toEqual([0, 0]);
});

test('whatever comes and goes, nothing is left over and no limit is passed', () => {
	const step = fc.oneof(
		fc.record({
			enter: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 0 }),
			tenant: fc.constantFrom('', 'one', 'two'),
		}),
		fc.record({ leave: fc.nat(20) }),
	);
	fc.assert(
		fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
			const limits = new WaiterLimits({ perKey: 3, perTenant: 2, perProcess: 5 });
			const entered: Array<ReturnType<WaiterLimits['enter']>> = [];
			const inside = new Map<(typeof entered)[number], string>();
			for (const each of steps) {
				if ('enter' in each) {
					const one = limits.enter(keysOf(each.enter, each.tenant));
					entered.push(one);
					if (one.admitted.size > 0) inside.set(one, each.tenant);
				} else {
					const one = entered[each.leave];
					one?.leave();
					if (one !== undefined) inside.delete(one);
				}
				expect(limits.size).toBe(inside.size);
				expect(limits.size).toBeLessThanOrEqual(5);
				const waited = [...inside.keys()].flatMap(({ admitted }) => [...admitted]);
				expect(limits.keys).toBe(new Set(waited).size);
				const tenants = [...inside.values()].filter((tenant) => tenant !== '');
				expect(limits.tenants).toBe(new Set(tenants).size);
				for (const tenant of tenants) {
					expect(tenants.filter((other) => other === tenant).length).toBeLessThanOrEqual(2);
				}
				for (const key of waited) {
					expect(waited.filter((other) => other === key).length).toBeLessThanOrEqual(3);
				}
			}
			for (const one of entered) one.leave();
			expect([limits.size, limits.keys, limits.tenants]).toEqual([0, 0, 0]);
		}),
	);
});
