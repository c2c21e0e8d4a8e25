import type {
	ClaimAnswer,
	ClaimRequest,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
} from '../../core/record';
import { counterOf } from '../../core/store';
import { claim, command, operate } from '../../core/transitions';
import { sizeOfCommand } from '../joined-requests';
import type { CallKind } from './groups';

/** Of the fields that every record has. */
const ROW_BYTES = 600;

export const CLAIMS: CallKind<ClaimRequest, ClaimAnswer> = {
	step: claim,
	inserts: true,
	needsClock: ({ eventAt }) => eventAt !== null,
	budgetOf: ({ budget }) => budget,
	count: (counters, { namespace, counting }, answer) => {
		const counter = counterOf(answer, counting);
		if (counter !== null) counters.add(namespace, counter, 1);
	},
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
		order.type === 'forget' && order.force && order.seen === undefined
			? { outcome: 'done', state: 'absent' }
			: null,
	sizeOf: () => ROW_BYTES,
};
