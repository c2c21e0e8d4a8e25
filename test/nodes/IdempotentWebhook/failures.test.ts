import type { IWebhookFunctions } from 'n8n-workflow';

import { StoreError } from '../../../lib/core/reply';
import type { Prepared } from '../../../lib/guard/prepare';
import { keyDoubtsOf } from '../../../lib/keys/key-doubts';
import { logAtDoor } from '../../../nodes/IdempotentWebhook/door-log';
import { logDoubts } from '../../../nodes/IdempotentWebhook/doubts';
import { storeProblem } from '../../../nodes/IdempotentWebhook/failures';

/** What goes wrong here: the caller hears whether trying again helps, and n8n's log hears why, once a minute. */

let nodes = 0;
function door() {
	const lines: string[] = [];
	const node = { id: `node-${++nodes}`, name: 'Door' };
	const context = {
		getNode: () => node,
		getMode: () => 'webhook',
		logger: { error: (line: string) => lines.push(line) },
	} as unknown as IWebhookFunctions;
	return { context, lines };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('a thousand failures of one kind are one line, and a minute later how many there were', () => {
	const { context, lines } = door();
	for (let i = 0; i < 1000; i++) logAtDoor(context, 'store unavailable', 'It is down.');
	logAtDoor(context, 'missing_key', 'There is no key.');
	expect(lines).toEqual([
		'Idempotent Webhook "Door": It is down.',
		'Idempotent Webhook "Door": There is no key.',
	]);
	jest.advanceTimersByTime(60_001);
	expect(lines.slice(2)).toEqual([
		'Idempotent Webhook "Door": 999 times more within a minute: It is down.',
	]);
	logAtDoor(context, 'store unavailable', 'It is down.');
	expect(lines).toHaveLength(4);
});

it('kinds that a caller can make up fill no log: after twenty of them they are one', () => {
	const { context, lines } = door();
	for (let i = 0; i < 1000; i++) logAtDoor(context, `event ${i}`, `Event ${i} cannot be used.`);
	expect(lines).toHaveLength(21);
	const other = door();
	logAtDoor(other.context, 'missing_key', 'There is no key.');
	expect(other.lines).toHaveLength(1);
	jest.advanceTimersByTime(60_001);
	expect(lines).toHaveLength(22);
	expect(lines.at(-1)).toContain('979 times more within a minute');
});

it.each(['authentication', 'configuration', 'corrupt_record', 'permission'] as const)(
	'%s: waiting does not help, so it is 500 without Retry-After, and the log says what it is',
	(problem) => {
		const { context, lines } = door();
		const answer = storeProblem(context, new StoreError(problem, 'Something of ours is wrong'));
		expect(answer.statusCode).toBe(500);
		expect(answer.headers).not.toHaveProperty('retry-after');
		expect(JSON.stringify(answer.body)).not.toContain('Something of ours');
		expect(lines).toEqual([expect.stringContaining('Something of ours is wrong')]);
	},
);

it.each(['busy', 'unreachable'] as const)('%s: 503, and when to come again', (problem) => {
	const { context } = door();
	const answer = storeProblem(context, new StoreError(problem, 'Not now'));
	expect(answer.statusCode).toBe(503);
	expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
});

it.each([
	[{ orderId: JSON.parse('9007199254740993') as number }, 'above 2^53'],
	['order-undefined', 'the word "undefined"'],
])('what is doubtful about a key is told, once: %j', (key, words) => {
	const { context, lines } = door();
	const claim = { kind: 'claim', doubts: keyDoubtsOf(key) } as Prepared;
	logDoubts(context, [claim, claim]);
	expect(lines).toEqual([expect.stringContaining(words)]);
});
