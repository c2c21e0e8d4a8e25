import { claim, command, operate } from '../../../../lib/core/transitions';
import type { Settings } from './world';

/** Durations of the model, in ticks. */
export const LEASE_TICKS = 1;
export const CLAIM_TIMEOUT_TICKS = 2;

/** The result that an operator stores. */
export const OPERATOR_RESULT = 15;

/** What is explored: the real rules, or broken ones, so that the model is seen to find what is wrong with them. */
export interface Rules {
	readonly claim: typeof claim;
	readonly command: typeof command;
	readonly operate: typeof operate;
}

export const RULES: Rules = { claim, command, operate };

export const rulesOf = ({ rules }: Settings): Rules => rules ?? RULES;
