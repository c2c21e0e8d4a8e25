import fc from 'fast-check';

import type { ListQuery } from '../../lib/core/listing';
import { ALL_RECORDS } from '../../lib/core/listing';
import { HOUR, MINUTE } from '../support/requests';

/** Steps of a random walk that change no record: listings, and what consumers are told. */

const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const STATES = [
	'pending',
	'processing',
	'lapsed',
	'unknown',
	'released',
	'completed',
	'failed',
] as const;

/** All filters, or those that are answered by the index of open claims, or some of any. */
export const listStep = fc.record({
	type: fc.constant('list' as const),
	states: fc.oneof(
		fc.constant(null),
		fc.subarray(STATES.slice(0, 4), { minLength: 1 }),
		fc.constant(['lapsed', 'unknown'] as const),
		fc.subarray([...STATES], { minLength: 1 }),
	),
	workflowId: oneOf(null, null, null, 'workflow-1', 'workflow-2'),
	executionId: oneOf(null, null, null, 'execution of owner-a', 'execution of owner-b'),
	seenFrom: oneOf(null, null, -MINUTE, -HOUR, 0),
	seenBefore: oneOf(null, null, null, -MINUTE, 0.5),
	pageSize: oneOf(1, 10, 100),
});
export type ListStep = typeof listStep extends fc.Arbitrary<infer T> ? T : never;

export function queryOf(step: ListStep, namespace: string, nowMs: number): ListQuery {
	return {
		...ALL_RECORDS,
		states: step.states,
		namespace,
		workflowId: step.workflowId,
		executionId: step.executionId,
		seenFrom: step.seenFrom === null ? null : nowMs + step.seenFrom,
		seenBefore: step.seenBefore === null ? null : nowMs + step.seenBefore,
		pageSize: step.pageSize,
	};
}

const notices = fc.subarray(['one', 'two', 'three', 'four'] as const);

/** Holds end, and what is kept ends, at times that other steps come to. */
export const noticeStep = fc.record({
	type: fc.constant('notices' as const),
	does: oneOf('take', 'take', 'keep'),
	consumer: oneOf('left', 'left', 'right'),
	notices,
	ms: oneOf(0.5, 500, 999.1, MINUTE, HOUR),
});
export type NoticeStep = typeof noticeStep extends fc.Arbitrary<infer T> ? T : never;
