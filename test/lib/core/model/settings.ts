import type { Settings } from './world';

const one: Settings = {
	name: '',
	payloads: 'AA',
	policies: ['hold', 'hold'],
	retentions: [2, 2],
	doors: [false, false],
	twins: false,
	parts: 1,
	finishRetention: null,
	maxAttempts: 2,
	acts: 1,
	renewals: 1,
	lostReplies: 1,
	lateCopies: false,
	retriesByUser: 1,
	clockSteps: 0,
	rules: null,
};

/** Two runs, each setting with one thing more. */
export const SMALL: readonly Settings[] = [
	{ ...one, name: 'two runs, hold' },
	{ ...one, name: 'two runs, run again', policies: ['retry', 'retry'], maxAttempts: 3 },
	{ ...one, name: 'requests that differ', payloads: 'AB' },
	{ ...one, name: 'both at the door', doors: [true, true], retriesByUser: 0 },
	{
		...one,
		name: 'one at the door, run again',
		doors: [true, false],
		policies: ['retry', 'retry'],
		acts: 0,
	},
	{
		...one,
		name: 'two executions of one accepted request',
		payloads: 'AAA',
		twins: true,
		doors: [true, true, false],
		policies: ['hold', 'hold', 'hold'],
		retentions: [2, 2, 2],
		acts: 0,
		retriesByUser: 0,
		renewals: 0,
	},
	{ ...one, name: 'two acts each', parts: 2, acts: 0 },
	{ ...one, name: 'late copies', lateCopies: true, acts: 0, retriesByUser: 0 },
	{
		...one,
		name: 'shorter retentions later',
		retentions: [4, 1],
		policies: ['retry', 'retry'],
		maxAttempts: 3,
		retriesByUser: 0,
	},
	{ ...one, name: 'a shorter retention at the finish', retentions: [4, 4], finishRetention: 1 },
	{
		...one,
		name: 'a clock that is set back',
		clockSteps: 1,
		finishRetention: 1,
		acts: 1,
		retriesByUser: 0,
	},
	{ ...one, name: 'one attempt', maxAttempts: 1, doors: [true, false], retriesByUser: 0 },
];

const three = {
	payloads: 'AAA',
	policies: ['hold', 'hold', 'hold'],
	retentions: [2, 2, 2],
	doors: [false, false, false],
} as const;
const again = ['retry', 'retry', 'retry'] as const;

/** Three runs, and more of everything. */
export const LARGE: readonly Settings[] = [
	{ ...one, ...three, name: 'three runs, hold' },
	{ ...one, ...three, name: 'three runs, run again', policies: again, maxAttempts: 3 },
	{ ...one, ...three, name: 'three runs, one differs', payloads: 'AAB' },
	{ ...one, ...three, name: 'three runs, two at the door', doors: [true, true, false] },
	{
		...one,
		...three,
		name: 'three runs, two at the door, run again',
		doors: [true, true, false],
		policies: again,
	},
	{ ...one, ...three, name: 'three runs, two acts each', parts: 2, acts: 0 },
	{
		...one,
		...three,
		name: 'three runs, retentions that differ',
		retentions: [4, 1, 2],
		policies: again,
		maxAttempts: 3,
	},
	{
		...one,
		...three,
		name: 'three runs, hold, retentions that differ',
		retentions: [4, 1, 2],
		finishRetention: 1,
		clockSteps: 1,
	},
	{
		...one,
		name: 'two runs, late copies, clock steps and acts',
		lateCopies: true,
		lostReplies: 2,
		clockSteps: 1,
		acts: 2,
		retriesByUser: 1,
	},
	{
		...one,
		name: 'two at the door, late copies, clock steps and acts',
		doors: [true, true],
		lateCopies: true,
		lostReplies: 2,
		clockSteps: 1,
		acts: 2,
	},
];
