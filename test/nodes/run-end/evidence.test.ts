import { NodeApiError } from 'n8n-workflow';
import type { IDataObject, JsonObject } from 'n8n-workflow';
import { commit, guard, javascript, stopAndError } from '../../support/engine';
import { delivery, detailsOf, newKey } from '../../workflows/scenario';
import {
	aggregateAll,
	deliveries,
	http,
	loop,
	mergeAll,
	recordOf,
	recordsOf,
	run,
	shape,
} from './shapes';
import { alerts, charge, CONTINUE, downstream, ERROR_OUTPUT, notify, once } from './two-services';

/** Evidence speaks for what it is about, and for nothing else. */

describe('evidence about something else', () => {
	const heldBack: Array<[string, string[]]> = [
		['behind the loop', ['Loop', 'Notify', 'Commit']],
		['beside the loop', ['Guard', 'Notify', 'Commit']],
	];
	test.each(
		heldBack.flatMap(([where, path]) => [1, 2].map((count) => [where, count, path] as const)),
	)(
		'a loop that holds back what it charged, and a call %s that is refused, %d in all: unknown',
		async (_, count, path) => {
			const keys = Array.from({ length: count }, newKey);
			// The last one is refused: its error names that item.
			alerts.next(...keys.slice(1).map(() => ({})), { status: 429 });
			const json = shape(
				[guard('Guard'), loop('Loop'), charge(), notify(), commit('Commit')],
				[['Webhook', 'Guard', 'Loop'], ['Loop:1', 'Charge', 'Loop'], path],
			);
			const result = await run(json, deliveries(...keys));
			expect(result.status).toBe('error');
			const records = await recordsOf(result);
			for (const [i, key] of keys.entries()) {
				const charged = downstream.effects(key) > 0;
				expect(records[i]?.state === 'released' && charged).toBe(false);
				if (charged) expect(records[i]?.state).toBe('unknown');
			}
			expect(keys.some((key) => downstream.effects(key) > 0)).toBe(true);
		},
	);

	test('a node that makes two calls for an item, and the second is refused: unknown', async () => {
		const twice = javascript('Twice', async (items, context) => {
			const body = items[0]?.json.body as IDataObject;
			const send = async (url: string) =>
				await context.helpers.httpRequest({ method: 'POST', url, body, json: true });
			await send(downstream.url);
			await send(alerts.url).catch((error: JsonObject) => {
				throw new NodeApiError(context.getNode(), error);
			});
			return items;
		});
		const { record, key, result } = await once(
			[guard('Guard'), twice, commit('Commit')],
			[['Webhook', 'Guard', 'Twice', 'Commit']],
			[],
			[{ status: 429 }],
		);
		expect(result.error).toMatchObject({ httpCode: '429' });
		expect(downstream.effects(key)).toBe(1);
		expect(record.state).toBe('unknown');
	});

	test('a bulk node that fails beside an item without a claim: unknown', async () => {
		const bulk = javascript('Bulk', () => {
			throw Object.assign(new Error('refused'), { httpCode: '429' });
		});
		const key = newKey();
		const json = shape(
			[guard('Guard'), mergeAll('Merge'), bulk, commit('Commit')],
			[
				['Webhook', 'Guard', 'Merge', 'Bulk', 'Commit'],
				['Webhook', 'Merge@1'],
			],
		);
		const result = await run(json, deliveries(key));
		expect((await recordOf(result)).state).toBe('unknown');
	});

	test.each([CONTINUE, ERROR_OUTPUT])(
		'a node that threw, and n8n passed its input on (%j): unknown',
		async (settings) => {
			const broken = javascript(
				'Broken',
				() => {
					throw new Error('it broke in the middle');
				},
				settings,
			);
			const { record } = await once(
				[guard('Guard'), broken, commit('Commit')],
				[['Webhook', 'Guard', 'Broken', 'Commit']],
			);
			expect(record.state).toBe('unknown');
		},
	);

	test('one unlinked item of several: n8n links it to the first, and nobody is completed by it', async () => {
		const sheet = javascript(
			'Sheet',
			() => [{ json: { error: 'The quota is used up' } }],
			CONTINUE,
		);
		const json = shape(
			[guard('Guard'), sheet, commit('Commit')],
			[['Webhook', 'Guard', 'Sheet', 'Commit']],
		);
		const result = await run(json, deliveries(newKey(), newKey()));
		expect((await recordsOf(result)).map(({ state }) => state)).toEqual(['unknown', 'unknown']);
	});
});

describe('what has no effects', () => {
	const shaped = (jsCode: string) => {
		const pass = javascript('Shape', (items) => items);
		return { ...pass, parameters: { ...pass.parameters, jsCode } };
	};

	test('Code before the act: the refusal is plain', async () => {
		const { record } = await once(
			[guard('Guard'), shaped('return $input.all();'), charge(), commit('Commit')],
			[['Webhook', 'Guard', 'Shape', 'Charge', 'Commit']],
			[{ status: 429 }],
		);
		expect(record.state).toBe('released');
	});

	test('Code that can reach out may have acted', async () => {
		const { record } = await once(
			[
				guard('Guard'),
				shaped('await this.helpers.httpRequest({})'),
				stopAndError('Stop', 'no'),
				commit('Commit'),
			],
			[['Webhook', 'Guard', 'Shape', 'Stop', 'Commit']],
		);
		expect(record.state).toBe('unknown');
	});

	test('a GET lookup before the act', async () => {
		const { record } = await once(
			[
				guard('Guard'),
				http('Lookup', { url: alerts.url, method: 'GET' }),
				charge({ body: '={{ $("Guard").item.json.body }}' }),
				commit('Commit'),
			],
			[['Webhook', 'Guard', 'Lookup', 'Charge', 'Commit']],
			[{ status: 402 }],
		);
		expect(record.state).toBe('failed');
	});
});

describe('two tenants', () => {
	test('merged by Aggregate: none gets the data of the other', async () => {
		const [a, b] = [newKey(), newKey()];
		const json = shape(
			[
				guard('Guard', { options: { tenant: '={{ $json.body.tenant }}' } }),
				charge({ full: true }),
				aggregateAll('All'),
				commit('Commit'),
			],
			[['Webhook', 'Guard', 'Charge', 'All', 'Commit']],
		);
		const items = [delivery(a, { tenant: 'A' }), delivery(b, { tenant: 'B' })];
		const first = await run(json, items);
		expect((await recordsOf(first)).map(({ state }) => state)).toEqual(['completed', 'completed']);
		expect(
			first
				.hints('Commit')
				.map(({ message }) => message)
				.join(),
		).toContain('not linked to this request alone');
		const again = await run(json, items);
		expect(again.counts('Guard').slice(0, 2)).toEqual([0, 2]);
		expect(JSON.stringify(again.json('Guard', 1)[0])).not.toContain(b);
		expect(detailsOf(again, 'Guard', 1)).toMatchObject({ state: 'completed' });
	});
});
