import { NEVER_BEGAN } from '../../lib/core/observe';
import type { ClaimAnswer, ClaimRequest, OwnerAnswer, OwnerCommand } from '../../lib/core/record';

/** What the walks must have met beside every answer: the cells that look like another one from outside. */
export const EVERY_KIND = [
	'claim takeover, asked for again',
	'claim in the place of a run that never began',
	'claim of its own that has not started',
	'claim that compares something else',
	'start of another execution',
	'release of nothing that ran',
	'abandon of nothing that ran',
	'abandon of a takeover that did nothing',
	'finish expired behind a record',
];

type Grant = ClaimAnswer & { outcome: 'new' };

export function kindsOfGrant(answer: Grant, request: ClaimRequest, micros: number): string[] {
	const isAgain = answer.fence < micros && answer.record.claimedAt < Math.floor(micros / 1000);
	return [
		...(answer.takeover ? ['claim takeover'] : []),
		...(answer.takeover && isAgain ? ['claim takeover, asked for again'] : []),
		...(answer.record.reason === NEVER_BEGAN && !isAgain
			? ['claim in the place of a run that never began']
			: []),
		...(answer.record.state === 'pending' && isAgain
			? ['claim of its own that has not started']
			: []),
		...(request.comparison === 'two' ? ['claim that compares something else'] : []),
	];
}

export function kindsOfAnswer(order: OwnerCommand | undefined, answer: OwnerAnswer): string[] {
	if (order === undefined) return [];
	if (answer.outcome === 'superseded') {
		const { current, reason } = answer;
		const isStart = order.type === 'start' && current.fence === order.fence;
		const isTombstone = order.type === 'finish' && reason === 'expired' && current.fence > 0;
		return [
			...(isStart ? ['start of another execution'] : []),
			...(isTombstone ? ['finish expired behind a record'] : []),
		];
	}
	if (answer.outcome !== 'done' || !('nothingRan' in order) || !order.nothingRan) return [];
	return [
		`${order.type} of nothing that ran`,
		...(answer.state === 'unknown' ? ['abandon of a takeover that did nothing'] : []),
	];
}
