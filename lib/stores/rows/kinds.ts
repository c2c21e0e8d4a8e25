import { budgetProblem } from '../../core/budget';
import type {
	ClaimAnswer,
	ClaimRequest,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
} from '../../core/record';
import { StoreError } from '../../core/reply';
import { counterOf } from '../../core/store';
import { claim, command, operate } from '../../core/transitions';
import type { CallKind } from './groups';

/** Of the fields that every record has. */
const ROW_BYTES = 600;

export const CLAIMS: CallKind<ClaimRequest, ClaimAnswer> = {
	step: claim,
	inserts: true,
	needsClock: ({ eventAt }) => eventAt !== null,
	refusalOf({ budget }) {
		const problem = budget === undefined ? null : budgetProblem(budget);
		return problem === null ? null : new StoreError('configuration', problem);
	},
	budgetOf: ({ budget }) => budget,
	count: (counters, { namespace }, answer) => counters.add(namespace, counterOf(answer), 1),
	isDuplicate: ({ outcome }) => outcome === 'duplicate',
	sizeOf: () => ROW_BYTES,
};

export const COMMANDS: CallKind<OwnerCommand, OwnerAnswer> = {
	step: command,
	inserts: false,
	sizeOf: sizeOfCommand,
};

export const OPERATIONS: CallKind<OperatorCommand, OperatorAnswer> = {
	step: operate,
	inserts: false,
	removal: (order) =>
		order.type === 'forget' && order.force ? { outcome: 'done', state: 'absent' } : null,
	sizeOf: () => ROW_BYTES,
};

/** About how many bytes an order is. */
export function sizeOfCommand(order: OwnerCommand): number {
	if (order.type === 'deposit') return ROW_BYTES + order.request.length;
	return ROW_BYTES + ('result' in order ? (order.result?.length ?? 0) : 0);
}
