import type { OperatorCommand } from '../../../../lib/core/record';
import { type Transition, observe } from '../../../../lib/core/transitions';
import type { Checks } from './checks';
import { claimOf, commit } from './orders';
import { OPERATOR_RESULT, rulesOf } from './rules';
import type { Settings, World } from './world';
import { BASE, clockOf, identity, resultOf, shift } from './world';

/** What else may happen: late copies, operators, time. */

export type May = (label: string, change: (next: World, checks: Checks) => void) => void;

export function lateStep(world: World, settings: Settings, may: May): void {
	const { late } = world;
	if (late === null) return;
	may(`the late ${late.what} of run ${late.run} arrives`, (next, checks) => {
		next.late = null;
		if (late.what === 'claim') claimOf(next, settings, late.run, checks);
		else commit(next, settings, late.run, checks, late);
	});
}

export function operatorSteps(world: World, settings: Settings, may: May): void {
	const state = observe(world.stored, BASE);
	if (world.left.acts === 0 || state === 'absent') return;
	const seen = { fence: world.stored?.fence ?? 0, state };
	const end = { statusCode: 0, reason: '' };
	const orders: OperatorCommand[] = [
		{
			identity,
			type: 'resolve',
			to: 'completed',
			seen,
			force: false,
			result: resultOf(OPERATOR_RESULT),
			...end,
		},
		{ identity, type: 'resolve', to: 'released', seen, force: false, reason: '' },
		{ identity, type: 'forget', force: false },
		{ identity, type: 'forget', force: true },
	];
	for (const each of orders) {
		const done: Transition<unknown> = rulesOf(settings).operate(world.stored, each, clockOf(world));
		if (done.next === world.stored) continue;
		may(
			`an operator: ${each.type} ${'to' in each ? each.to : ''}${each.force ? 'by force' : ''}`,
			(next, checks) => {
				next.left.acts--;
				next.stored = done.next;
				checks.operated(each);
			},
		);
	}
}

export function timeSteps(world: World, may: May): void {
	may('time passes', (next, checks) => {
		shift(next, -1);
		for (const run of next.runs) run.lease = Math.max(0, run.lease - 1);
		checks.passed();
	});
	if (world.left.clockSteps > 0) {
		may("the store's clock is set back", (next) => {
			next.left.clockSteps--;
			shift(next, 1);
		});
	}
}
