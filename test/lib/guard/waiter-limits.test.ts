import fc from 'fast-check';

import { MOST_WAITERS, WaiterLimits } from '../../../lib/guard/waiter-limits';

test('20 wait for a key, 100 in a process, and no more', () => {
	expect(MOST_WAITERS).toEqual({ perKey: 20, perProcess: 100 });
	const limits = new WaiterLimits();
	const enter = (key: string) => limits.enter([key]).admitted.size;
	const admitted = Array.from({ length: 30 }, () => enter('one'));
	expect(admitted.filter((size) => size === 1)).toHaveLength(20);
	expect(limits.size).toBe(20);
	const others = Array.from({ length: 200 }, (_, i) => enter(`other ${i}`));
	expect(others.filter((size) => size === 1)).toHaveLength(80);
	expect(limits.size).toBe(100);
});

test('a batch waits once, for those of its keys that are not waited for too often', () => {
	const limits = new WaiterLimits({ perKey: 1, perProcess: 2 });
	const first = limits.enter(['a', 'b']);
	expect([...first.admitted]).toEqual(['a', 'b']);
	const second = limits.enter(['b', 'c']);
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
		fc.record({ enter: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 0 }) }),
		fc.record({ leave: fc.nat(20) }),
	);
	fc.assert(
		fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
			const limits = new WaiterLimits({ perKey: 3, perProcess: 5 });
			const entered: Array<ReturnType<WaiterLimits['enter']>> = [];
			const inside = new Set<(typeof entered)[number]>();
			for (const each of steps) {
				if ('enter' in each) {
					const one = limits.enter(each.enter);
					entered.push(one);
					if (one.admitted.size > 0) inside.add(one);
				} else {
					const one = entered[each.leave];
					one?.leave();
					if (one !== undefined) inside.delete(one);
				}
				expect(limits.size).toBe(inside.size);
				expect(limits.size).toBeLessThanOrEqual(5);
				const waited = [...inside].flatMap(({ admitted }) => [...admitted]);
				expect(limits.keys).toBe(new Set(waited).size);
				for (const key of waited) {
					expect(waited.filter((other) => other === key).length).toBeLessThanOrEqual(3);
				}
			}
			for (const one of entered) one.leave();
			expect([limits.size, limits.keys]).toEqual([0, 0]);
		}),
	);
});
