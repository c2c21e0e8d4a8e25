import type { IExecuteFunctions } from 'n8n-workflow';

import type { WaitingHost } from '../../lib/guard/wait-for-result';
import { WaiterLimits } from '../../lib/guard/waiter-limits';
import type { HeldClaims } from '../run-end/hold-claims';

/** Counts the executions that wait in this process. */
const limits = new WaiterLimits();

/** A run of a Guard. It does not wait for what its own execution holds: that would never end. */
export function waitingRun(
	context: IExecuteFunctions,
	workflowId: string,
	held: HeldClaims,
): WaitingHost {
	const executionId = context.getExecutionId();
	return {
		signal: context.getExecutionCancelSignal(),
		limits,
		isHeldElsewhere: (holder) =>
			holder.workflowId !== workflowId || holder.executionId !== executionId,
		hold: async (claims) => await held.hold(claims),
	};
}
