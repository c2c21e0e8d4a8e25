import { liveRecord } from '../../../../lib/core/transitions';
import { Checks } from './checks';
import { abandon, claimOf, commit, endOf, joined, nothingRan, order } from './orders';
import { type May, lateStep, operatorSteps, timeSteps } from './other-steps';
import { LEASE_TICKS } from './rules';
import type { Run, Settings, World } from './world';
import {
	ANSWER_LOST,
	BASE,
	NOTHING_SENT,
	OK,
	REFUSED,
	TICK,
	at,
	copyOf,
	executionOf,
	resultOf,
} from './world';

/** Everything that may happen next in a world, each with what is wrong with it. */

export interface Step {
	readonly label: string;
	readonly world: World;
	readonly problems: readonly string[];
}

const OUTCOMES = ['', 'ok', 'nothing sent', '', 'answer lost', '', '', '', 'refused'];

export function stepsFrom(world: World, settings: Settings): Step[] {
	const steps: Step[] = [];
	/** Copies the world, changes the copy, and notes what is wrong with it. */
	const may = (label: string, change: (next: World, checks: Checks) => void): void => {
		const next = copyOf(world);
		const checks = new Checks(world, next, settings);
		change(next, checks);
		checks.afterwards();
		steps.push({ label, world: next, problems: checks.problems });
	};
	for (const index of world.runs.keys()) runSteps(world, settings, index, may);
	lateStep(world, settings, may);
	operatorSteps(world, settings, may);
	timeSteps(world, may);
	return steps;
}

function runSteps(world: World, settings: Settings, i: number, may: May): void {
	const run = world.runs[i] as Run;
	const name = `run ${i}`;
	const lost = world.left.lostReplies > 0;
	const isAlive = !['idle', 'ended', 'over'].includes(run.at);
	if (isAlive) may(`${name} crashes`, (next) => void (at(next, i).at = endOf(run)));

	switch (run.at) {
		case 'idle':
		case 'claim lost':
			if (settings.twins && i === 1) break;
			may(`${name} claims`, (next, checks) =>
				asked(next, settings, i, checks, claimOf(next, settings, i, checks)),
			);
			if (lost) {
				may(`${name} claims, the reply is lost`, (next, checks) => {
					claimOf(next, settings, i, checks);
					next.left.lostReplies--;
					at(next, i).at = 'claim lost';
				});
				if (settings.lateCopies && world.late === null) {
					may(`${name} claims, and the claim is held up on its way`, (next) => {
						next.left.lostReplies--;
						at(next, i).at = 'claim lost';
						next.late = { run: i, what: 'claim', retried: 0, seen: 0, fence: 0 };
					});
				}
			}
			break;
		case 'pending':
		case 'start lost':
			startSteps(world, settings, i, may);
			break;
		case 'ready':
			readySteps(world, settings, i, may);
			break;
		case 'in flight':
			for (const outcome of [OK, ANSWER_LOST, REFUSED]) {
				may(`${name}: ${OUTCOMES[outcome]}`, (next) => acted(at(next, i), outcome));
			}
			if (run.retried === 0) {
				may(`${name} is cancelled in flight`, (next, checks) => {
					abandon(next, settings, i, checks, { to: 'unknown', statusCode: 0, reason: '' });
				});
			}
			break;
		case 'acted':
		case 'finish lost':
			actedSteps(world, settings, i, may);
			break;
		case 'ended':
			if (world.left.retriesByUser > 0 && run.fence > 0) {
				may(`a user retries ${name} from its act`, (next) => retry(next, i, 'ready'));
				if (run.seen === OK && run.parts === settings.parts) {
					may(`a user retries ${name} from Commit`, (next) => {
						retry(next, i, 'acted');
						Object.assign(at(next, i), { retried: run.retried, seen: OK, parts: settings.parts });
					});
				}
			}
			break;
		case 'over':
			break;
	}
	const renews = ['ready', 'in flight', 'acted', 'finish lost'].includes(run.at);
	if (renews && run.retried === 0 && world.left.renewals > 0) {
		may(`${name} renews`, (next, checks) => {
			next.left.renewals--;
			const { answer } = order(next, settings, i, checks, {
				type: 'renew',
				leaseMs: LEASE_TICKS * TICK,
			});
			at(next, i).lease = answer.outcome === 'done' ? leaseIn(next) : 0;
		});
	}
}

function startSteps(world: World, settings: Settings, i: number, may: May): void {
	const starting = {
		type: 'start' as const,
		leaseMs: LEASE_TICKS * TICK,
		workflowId: '',
		executionId: executionOf(i),
	};
	may(`run ${i} starts`, (next, checks) => {
		const { answer } = order(next, settings, i, checks, starting);
		if (answer.outcome !== 'done') at(next, i).at = 'over';
		else begin(next, i);
	});
	if (world.left.lostReplies > 0) {
		may(`run ${i} starts, the reply is lost`, (next, checks) => {
			next.left.lostReplies--;
			order(next, settings, i, checks, starting);
			at(next, i).at = 'start lost';
		});
	}
	if (world.runs[i]?.at !== 'pending') return;
	may(`run ${i} deposits its request`, (next, checks) => {
		order(next, settings, i, checks, { type: 'deposit', request: resultOf(0) });
	});
	// The door gives back what it could not hand over, so before there is any execution.
	if (settings.twins) return;
	may(`run ${i} can't be started, and its claim is given back`, (next, checks) => {
		abandon(next, settings, i, checks, nothingRan);
	});
}

function readySteps(world: World, settings: Settings, i: number, may: May): void {
	const run = at(world, i);
	may(`run ${i} acts`, (next, checks) => {
		checks.sends(i);
		at(next, i).at = 'in flight';
	});
	for (const outcome of [NOTHING_SENT, REFUSED]) {
		may(`run ${i}: ${OUTCOMES[outcome]}`, (next) => acted(at(next, i), outcome));
	}
	if (run.retried === 0 && settings.doors[i] !== true && run.parts === 0) {
		may(`the Guard of run ${i} runs again`, (next, checks) => {
			const answer = claimOf(next, settings, i, checks);
			if (answer.outcome === 'new') at(next, i).lease = leaseIn(next);
			else asked(next, settings, i, checks, answer);
		});
	}
	if (run.retried === 0) {
		const end = run.parts === 0 ? nothingRan : joined(run, i);
		may(`run ${i} ends before it acts`, (next, checks) => abandon(next, settings, i, checks, end));
	}
}

function actedSteps(world: World, settings: Settings, i: number, may: May): void {
	const run = at(world, i);
	if (run.parts < settings.parts && run.at === 'acted') {
		may(`run ${i} goes on to its next act`, (next) => void (at(next, i).at = 'ready'));
	} else {
		may(`run ${i} commits`, (next, checks) => {
			checks.told(i, commit(next, settings, i, checks, run));
		});
		if (world.left.lostReplies > 0) {
			may(`run ${i} commits, the reply is lost`, (next, checks) => {
				next.left.lostReplies--;
				commit(next, settings, i, checks, run);
				at(next, i).at = 'finish lost';
			});
			if (settings.lateCopies && world.late === null) {
				may(`run ${i} commits, and the order is held up on its way`, (next) => {
					next.left.lostReplies--;
					at(next, i).at = 'finish lost';
					const { retried, seen, fence } = run;
					next.late = { run: i, what: 'commit', retried, seen, fence };
				});
			}
		}
	}
	if (run.retried === 0) {
		may(`run ${i} ends without Commit`, (next, checks) => {
			abandon(next, settings, i, checks, joined(run, i));
		});
	}
}

/** The reply of a claim comes to its run. */
function asked(
	next: World,
	settings: Settings,
	i: number,
	checks: Checks,
	answer: ReturnType<typeof claimOf>,
): void {
	const run = at(next, i);
	if (answer.outcome === 'duplicate') checks.replayed(next);
	if (answer.outcome !== 'new') {
		run.at = 'over';
		return;
	}
	run.lease = leaseIn(next);
	run.at = settings.doors[i] === true ? 'pending' : 'ready';
	const twin = settings.twins && i === 0 ? next.runs[1] : undefined;
	if (twin?.at === 'idle') Object.assign(twin, { at: 'pending', fence: run.fence });
}

/** An execution that starts holds the key from then on. */
function begin(next: World, i: number): void {
	Object.assign(at(next, i), { at: 'ready', lease: leaseIn(next) });
}

/** For how many ticks the one who was just granted, or renewed, the key may believe that it holds it. */
function leaseIn({ stored }: World): number {
	const live = liveRecord(stored, BASE);
	if (live === null || live.state === 'tombstone') return 0;
	return Math.max(0, Math.round((live.leaseUntil - BASE) / TICK));
}

function acted(run: Run, outcome: number): void {
	run.seen |= outcome;
	run.parts++;
	run.at = 'acted';
}

function retry(next: World, i: number, place: 'ready' | 'acted'): void {
	next.left.retriesByUser--;
	Object.assign(at(next, i), { at: place, retried: 1, seen: 0, parts: 0, lease: 0 });
}
