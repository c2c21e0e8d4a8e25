import { durationProblem, wholeMs } from '../core/durations';
import { consumerProblem, nameProblem, tallyProblem, timeProblem } from '../core/limits';
import type { ListQuery } from '../core/listing';
import type { NameNote, NoticesToKeep, NoticesToTake, TallyOrder } from '../core/store';
import { RequestProblem, refuseFor } from './check-requests';

/** Listings and notices, checked as the requests are. */

export function checkedQuery(query: ListQuery): ListQuery {
	const { namespace, workflowId, executionId, seenFrom, seenBefore, pageSize, cursor } = query;
	refuseFor(
		nameProblem('namespace', namespace ?? ''),
		nameProblem('workflowId', workflowId ?? ''),
		nameProblem('executionId', executionId ?? ''),
		nameProblem('cursor', cursor ?? ''),
	);
	if (Number.isNaN(seenFrom) || Number.isNaN(seenBefore)) {
		throw new RequestProblem('seenFrom and seenBefore must be times in milliseconds since 1970');
	}
	if (!(pageSize >= 1 && pageSize <= MAX_PAGE_SIZE)) {
		throw new RequestProblem(`pageSize must be from 1 to ${MAX_PAGE_SIZE.toLocaleString('en-US')}`);
	}
	return {
		...query,
		seenFrom: seenFrom === null ? null : wholeTime(seenFrom),
		seenBefore: seenBefore === null ? null : wholeTime(seenBefore),
		pageSize: Math.ceil(pageSize),
	};
}

const MAX_PAGE_SIZE = 10_000;

/** Records are seen at whole milliseconds, after 1970. */
const wholeTime = (ms: number) => Math.ceil(Math.min(Math.max(ms, 0), Number.MAX_SAFE_INTEGER));

export function checkedTake(order: NoticesToTake): NoticesToTake {
	refuseFor(
		consumerProblem(order.consumer),
		durationProblem('holdMs', order.holdMs),
		...order.notices.map((notice) => nameProblem('notice', notice)),
	);
	return { ...order, holdMs: wholeMs(order.holdMs) };
}

export function checkedName(note: NameNote): NameNote {
	refuseFor(
		nameProblem('namespace', note.namespace),
		nameProblem('name', note.name),
		durationProblem('lifetimeMs', note.lifetimeMs),
	);
	return { ...note, lifetimeMs: wholeMs(note.lifetimeMs) };
}

export function checkedTally({ counts, keepMs }: TallyOrder): TallyOrder {
	refuseFor(
		durationProblem('keepMs', keepMs),
		...counts.map(
			({ bucket, name, by }) =>
				consumerProblem(bucket, 'bucket') ??
				tallyProblem(name) ??
				(Number.isSafeInteger(by) && by > 0 ? null : 'by must be a whole number from 1'),
		),
	);
	return { counts, keepMs: wholeMs(keepMs) };
}

export function checkedBuckets(buckets: readonly string[]): readonly string[] {
	refuseFor(...buckets.map((bucket) => consumerProblem(bucket, 'bucket')));
	return buckets;
}

export function checkedNamespaces(namespaces: readonly string[]): readonly string[] {
	refuseFor(...namespaces.map((namespace) => nameProblem('namespace', namespace)));
	return namespaces;
}

export function checkedKeep(order: NoticesToKeep): NoticesToKeep {
	refuseFor(
		consumerProblem(order.consumer),
		...order.notices.map(
			({ notice, until }) => nameProblem('notice', notice) ?? timeProblem('until', until),
		),
	);
	const notices = order.notices.map(({ notice, until }) => ({ notice, until: wholeMs(until) }));
	return { ...order, notices };
}
