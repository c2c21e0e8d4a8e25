import { CLAIM_TIMEOUT_TICKS } from './rules';
import { stepsFrom } from './steps';
import type { Settings } from './world';
import { firstWorld } from './world';
import { decode, encode } from './world-text';

export interface Exploration {
	readonly states: number;
	readonly steps: number;
	/** Every state that can be reached was looked at. */
	readonly isComplete: boolean;
	/** Each kind of problem with one of the shortest ways to it. */
	readonly problems: ReadonlyMap<string, readonly string[]>;
	/** Labels of the steps that were met, without numbers. */
	readonly met: ReadonlySet<string>;
}

/** Every world that can follow from the first one, breadth first. */
export function explore(settings: Settings, mostStates: number): Exploration {
	const start = encode(firstWorld(settings), settings);
	const found: string[] = [start];
	const parents: number[] = [-1];
	const known = new Set([start]);
	const problems = new Map<string, readonly string[]>();
	const met = new Set<string>();
	let steps = 0;
	let isComplete = true;
	for (let at = 0; at < found.length; at++) {
		const world = decode(found[at] ?? '', settings, CLAIM_TIMEOUT_TICKS);
		for (const step of stepsFrom(world, settings)) {
			steps++;
			met.add(step.label.replace(/\d/g, 'n'));
			for (const problem of step.problems) {
				if (!problems.has(problem)) problems.set(problem, [...wayTo(at), step.label]);
			}
			const text = encode(step.world, settings);
			if (known.has(text)) continue;
			if (found.length >= mostStates) {
				isComplete = false;
				continue;
			}
			known.add(text);
			found.push(text);
			parents.push(at);
		}
	}
	return { states: found.length, steps, isComplete, problems, met };

	function wayTo(at: number): string[] {
		const path: number[] = [];
		for (let each = at; each >= 0; each = parents[each] ?? -1) path.unshift(each);
		return path.slice(1).map((to, i) => {
			const world = decode(found[path[i] ?? 0] ?? '', settings, CLAIM_TIMEOUT_TICKS);
			const step = stepsFrom(world, settings).find(
				(each) => encode(each.world, settings) === found[to],
			);
			return step?.label ?? '?';
		});
	}
}
