import { brokenPromises } from '../../bench/correctness/promises';

const verdict = (peer: string, sideEffects: number | null) => ({
	scenario: 'lost reply',
	peer,
	sideEffects,
	expected: 1,
	told: 'acted',
});

test('the bench fails where ours acts too often, too seldom or not at all, and for nobody else', () => {
	const verdicts = [
		verdict('n8n-nodes-idempotency', 1),
		verdict('n8n-nodes-idempotency', 2),
		verdict('n8n-nodes-idempotency, "Run Again"', 2),
		verdict('Idempotency Guard, store: Redis', 0),
		verdict('Idempotency Guard, store: embedded', null),
		verdict("n8n's Remove Duplicates", 4),
	];
	expect(brokenPromises(verdicts)).toEqual([
		'n8n-nodes-idempotency, lost reply: acted 2 times where it should 1 (acted)',
		'Idempotency Guard, store: Redis, lost reply: acted 0 times where it should 1 (acted)',
		'Idempotency Guard, store: embedded, lost reply: acted null times where it should 1 (acted)',
	]);
});
