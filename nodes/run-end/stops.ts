import type { INodeExecutionData } from 'n8n-workflow';

import type { ResponseOutcome } from '../../lib/results/response-outcome';
import { DEFAULT_RESPONSE_RULES, responseOutcome } from '../../lib/results/response-outcome';
import type { Act, TaskRun } from './acts';
import { actToRepeat } from './acts';
import { newAct } from './acts-of-task';
import type { Origin } from './links';
import type { Tag, Tags } from './tags';
import { ByClaim, hasClaims } from './tags';
import type { WorkflowMap } from './workflow-map';

/** Of a Guard: New, Duplicate, and then what it refuses. */
const DUPLICATE_OUTPUT = 1;

/** One way of an item through a node where it may be stopped; undefined where it was let through. */
interface Try extends Act {
	readonly stopped: ResponseOutcome | undefined;
	/** What was to follow may have followed all the same. */
	readonly wentOn: boolean;
}

/**
 * Items of claims that got no further at a node that touches nothing: a Guard further on refused them, or a node that asks others got no
 * answer and its error output misses an act. What was to follow was not done. One that is tried again there counts by its last try.
 */
export class Stops {
	private readonly tries = new ByClaim<Try>(({ yes, maybe }) => [yes, maybe]);

	constructor(
		private readonly tags: Tags,
		private readonly map: WorkflowMap,
	) {}

	/** Notes whether an item that a node put out was stopped there. @returns what it comes from now */
	wayOf(
		{ tag, act }: Origin,
		by: TaskRun,
		isGuard: boolean,
		item: INodeExecutionData,
		output: number,
	): Act | undefined {
		const mayStop = isGuard || by.kind.asks || (!by.kind.acts && hasFailed(by, output));
		if (!mayStop || !hasClaims(tag)) return act;
		// A refused item is of nobody else's claim, and says so: it is the same request all the same.
		const request = this.tags.of({ ...tag, mixed: true });
		const stopped = isGuard ? refusedAt(by.node, output) : unanswered(by, item, output);
		const earlier = actToRepeat(by.node, request, act);
		if (stopped === undefined && earlier === undefined) return act;
		const misses = () => isErrorOutput(by, output) && this.map.missesActs(by.node, output);
		const wentOn = !isGuard && !(by.kind.asks && misses());
		const each: Try = { ...newAct(by, request, 0, 0), before: act, stopped, wentOn };
		if (earlier !== undefined) earlier.again = each;
		if (stopped !== undefined) this.tries.add(request, each);
		return each;
	}

	tagsOf(claim: number): Iterable<Tag> {
		return this.tries.tagsOf(claim);
	}

	/** Of each item that was stopped, and did not get through later: that it was not done, and why. */
	of(tag: Tag): ResponseOutcome[] {
		return this.tries.of(tag).flatMap(({ stopped, again, wentOn }) => {
			return stopped === undefined || again !== undefined || wentOn ? [] : [stopped];
		});
	}

	/** Of the first item that went on although a node had no answer for it, or failed. It says something only where nothing acted. */
	unansweredAt(tag: Tag): ResponseOutcome | undefined {
		return this.tries.of(tag).find(({ again, wentOn }) => again === undefined && wentOn)?.stopped;
	}
}

function refusedAt(guard: string, output: number): ResponseOutcome | undefined {
	return output > DUPLICATE_OUTPUT ? notDone(`${guard} refused it`) : undefined;
}

const isErrorOutput = ({ kind, task }: TaskRun, output: number) =>
	kind.hasErrorOutput && output === (task.data?.main?.length ?? 0) - 1;

const hasFailed = (by: TaskRun, output: number) =>
	by.task.error !== undefined || isErrorOutput(by, output);

function unanswered(
	by: TaskRun,
	{ json, error }: INodeExecutionData,
	output: number,
): ResponseOutcome | undefined {
	const { node, task, itemsIn } = by;
	const itemError = error ?? task.error;
	const fromErrorOutput = isErrorOutput(by, output);
	const seen = responseOutcome({ json, itemError, fromErrorOutput }, DEFAULT_RESPONSE_RULES);
	// That there is no such thing is an answer, where it is about this item.
	const isAnswer = seen.outcome === 'failed' && (task.error === undefined || itemsIn === 1);
	return isAnswer || seen.outcome === 'completed' ? undefined : notDone(`${node}: ${seen.reason}`);
}

const notDone = (why: string): ResponseOutcome => ({
	outcome: 'released',
	reason: `${why}, so that what was to follow was not done`,
});
