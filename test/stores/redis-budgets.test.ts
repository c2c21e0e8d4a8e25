import type { Redis } from 'ioredis';

import type { Store } from '../../lib/core/store';
import { openRedisStore } from '../../lib/stores/redis';
import { BudgetUnits, unitOf } from '../../lib/stores/redis/budget-units';
import { Keys } from '../../lib/stores/redis/keys';
import { defineScripts, runScript } from '../../lib/stores/redis/scripts';
import { RedisServer } from '../support/redis-server';
import { HOUR, answered, claimRequest, freshIdentity } from '../support/requests';
import { standalone } from './redis-harness';

/** A unit is taken, the key is claimed, the unit is given back where it was not granted: what breaks in between only refuses. */

let server: RedisServer;
let client: Redis;
let store: Store;
let units: BudgetUnits;
beforeAll(async () => {
	server = await RedisServer.start();
	client = server.client();
	defineScripts(client);
	store = openRedisStore(standalone(server.port));
	units = new BudgetUnits(
		new Keys('idem'),
		() => 0,
		async (args) => await runScript(client, 'budget', args),
	);
});
afterAll(async () => {
	await store.close();
	client.disconnect();
	await server.stop();
});

const budgetOf = (limit: number) => ({
	identity: freshIdentity('budget'),
	limit,
	windowMs: HOUR,
});

const outcomes = async (...taken: Parameters<BudgetUnits['take']>[0]) => {
	const answers = await units.take(taken);
	return taken.map((unit) => answers.get(unit)?.outcome);
};

const claimOne = async (budget: ReturnType<typeof budgetOf>) => {
	const [reply] = await store.claim([claimRequest({ identity: freshIdentity(), budget })]);
	const answer = answered(reply);
	return answer.outcome === 'conflict' ? answer.reason : answer.outcome;
};

it('a unit that is taken again, since the answer was lost, is one unit', async () => {
	const budget = budgetOf(2);
	const [first, second, third] = [unitOf(budget), unitOf(budget), unitOf(budget)];
	expect(await outcomes(first, second)).toEqual(['taken', 'taken']);
	expect(await outcomes(second, first)).toEqual(['taken', 'taken']);
	expect(await outcomes(third)).toEqual(['no_room']);
	await units.giveBack([first]);
	expect(await outcomes(third, first)).toEqual(['taken', 'no_room']);
});

it('a unit that is never given back, as after a crash, is refused to others and no more', async () => {
	const budget = budgetOf(3);
	expect(await outcomes(unitOf(budget))).toEqual(['taken']);
	expect([await claimOne(budget), await claimOne(budget), await claimOne(budget)]).toEqual([
		'new',
		'new',
		'budget_exhausted',
	]);
	expect(
		await client.zcard(`idem:{${budget.identity.slice(0, 2)}}:budget:${budget.identity}`),
	).toBe(3);
});

it('a claim that is refused in the end gives its unit back', async () => {
	const budget = budgetOf(5);
	const identity = freshIdentity();
	const answers = await Promise.all(
		Array.from({ length: 40 }, async (_, i) =>
			answered((await store.claim([claimRequest({ identity, owner: `owner ${i}`, budget })]))[0]),
		),
	);
	expect(answers.filter(({ outcome }) => outcome === 'new')).toHaveLength(1);
	expect(
		await client.zcard(`idem:{${budget.identity.slice(0, 2)}}:budget:${budget.identity}`),
	).toBe(1);
});

it('a batch asks each counter once, and each key twice at most', async () => {
	const budgets = [budgetOf(100), budgetOf(100)];
	const requests = Array.from({ length: 200 }, (_, i) =>
		claimRequest({ identity: freshIdentity(), budget: budgets[i % 2]! }),
	);
	await claimOne(budgetOf(1));
	const before = await scriptCalls();
	const replies = await store.claim(requests);
	expect(new Set(replies.map((reply) => answered(reply).outcome))).toEqual(new Set(['new']));
	expect((await scriptCalls()) - before).toBe(4);
});

async function scriptCalls(): Promise<number> {
	const stats = await client.info('commandstats');
	const calls = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].map(([, n]) => Number(n));
	return calls.reduce((sum, each) => sum + each, 0);
}
