import { commit, guard, node } from '../../support/engine';
import { delivery, newKey } from '../../workflows/scenario';
import { filterBy, recordOf, run, shape, splitOut } from './shapes';
import { charge, downstream, ERROR_OUTPUT, notify } from './two-services';

/** Parts of a request, of which some were never done. */

const refused = { status: 429, headers: { 'retry-after': '0' } };

describe('one part comes to a Commit that says "Always Completed", another part was refused', () => {
	const lines = [{ skip: true }, { skip: false }];
	const told = commit('Skipped', { outcome: 'completed' });

	test.each([
		['and an alert went out', ERROR_OUTPUT, {}],
		['and its status is hidden', {}, { options: { response: { response: { neverError: true } } } }],
	])('%s: not handled', async (_, settings, more) => {
		const key = newKey();
		downstream.nextFor(key, refused);
		const charged = charge({ body: `={{ { key: '${key}' } }}`, ...more }, settings);
		const json = shape(
			[
				guard('Guard'),
				splitOut('Split', 'body.lines'),
				filterBy('If', 'if', 'skip'),
				told,
				charged,
				notify(),
				commit('Commit'),
			],
			[
				['Webhook', 'Guard', 'Split', 'If', 'Skipped'],
				['If:1', 'Charge', 'Commit'],
				['Charge:1', 'Notify', 'Commit'],
			],
		);
		const record = await recordOf(await run(json, [delivery(key, { lines })]));
		expect(record).toMatchObject({ state: 'unknown' });
		expect(downstream.effects(key)).toBe(0);
	});
});

test.each([true, false])(
	'what was to act waits for a branch that brings nothing, beside another act: %s: not handled',
	async (isBeside) => {
		const key = newKey();
		const merge = node(
			'Merge',
			'n8n-nodes-base.merge',
			{ mode: 'chooseBranch' },
			{ typeVersion: 3 },
		);
		const json = shape(
			[guard('Guard'), filterBy('If', 'if', 'body.no'), merge, charge(), notify()],
			[
				['Webhook', 'Guard', 'Merge', 'Charge'],
				['Guard', 'If', 'Merge@1'],
				...(isBeside ? [['Guard', 'Notify']] : []),
			],
		);
		const record = await recordOf(await run(json, [delivery(key)]));
		expect(record).toMatchObject({ state: isBeside ? 'unknown' : 'released' });
		expect(downstream.effects(key)).toBe(0);
	},
);
