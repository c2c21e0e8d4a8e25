import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { javascript } from '../support/engine';
import { engine } from './nodes';
import { partsOfKsuid } from '../support/ksuid';
import { chargeWorkflow, detailsOf, newKey, routed } from './scenario';

/** "Time: Event Time" as users write it: the time of the KSUID, whatever form the sender gives it. */

const n8n = engine();
const act = javascript('Act', (items) => items);
const recent = Math.floor(Date.now() / 1000) * 1000 - 60_000;

async function run(ksuidTime: string, ...items: IDataObject[]) {
	const json = chargeWorkflow('', {
		act: [act],
		guard: {
			keySource: 'expression',
			key: '={{ $json.id }}',
			compare: 'none',
			options: { ksuidTime, onMissingKey: 'conflict' },
		},
	});
	return await n8n.run(json, {
		triggerItems: items.map((each): INodeExecutionData => ({ json: { id: newKey(), ...each } })),
	});
}

const iso = new Date(recent).toISOString();
test.each([
	['ISO text', '={{ $json.at }}', iso],
	['ISO text of another zone', '={{ $json.at }}', iso.replace('Z', '+00:00')],
	['ISO text without a zone is UTC', '={{ $json.at }}', iso.slice(0, 19)],
	['seconds', '={{ $json.at }}', recent / 1000],
	['seconds as text', '={{ $json.at }}', String(recent / 1000)],
	['Slack’s seconds', '={{ $json.at }}', `${recent / 1000}.000100`],
	['milliseconds', '={{ $json.at }}', recent],
	['milliseconds as text', '={{ $json.at }}', String(recent)],
	['a Date', '={{ new Date($json.at) }}', recent],
	['a Luxon DateTime', '={{ DateTime.fromMillis($json.at) }}', recent],
	[
		'a DateTime of another zone',
		"={{ DateTime.fromMillis($json.at).setZone('Asia/Tokyo') }}",
		recent,
	],
	['toDateTime() of n8n', '={{ $json.at.toDateTime() }}', iso],
])('%s', async (_name, expression, at) => {
	const result = await run(expression, { at });
	expect(result.error?.message).toBeUndefined();
	expect(partsOfKsuid(String(detailsOf(result, 'Guard').ksuid)).timeMs).toBe(recent);
});

test.each([
	['before KSUIDs begin', '2014-05-13T16:53:19Z', /before 2014-05-13/],
	['after they end', '2150-01-02T00:00:00Z', /after 2150/],
	['seconds before 2014', 1_300_000_000, /no Unix time between 2014-05-13/],
	['milliseconds after 2150', 5_700_000_000_000, /no Unix time between/],
	['microseconds', recent * 1000, /neither in seconds nor in milliseconds/],
	['no time at all', 'yesterday', /not ISO 8601/],
	['a day that does not exist', '2026-02-30T00:00:00Z', /not a date and time that exists/],
	['an object', { at: 1 }, /neither ISO text, a date, nor Unix time/],
	['true', true, /neither ISO text/],
])('%s is an error of its item, and NaN never a time', async (_name, at, says) => {
	const result = await run('={{ $json.at }}', { at: iso }, { at });
	expect(result.status).toBe('error');
	expect(result.error?.message).toMatch(/^"Time: Event Time" can't be used: /);
	expect(result.error?.message).toMatch(says);
	expect(result.error?.context).toMatchObject({ itemIndex: 1 });
	expect(result.tasks('Act')).toEqual([]);
});

test.each(['={{ new Date("nonsense") }}', "={{ DateTime.fromISO('nonsense') }}", '={{ NaN }}'])(
	'%s is refused',
	async (expression) => {
		const result = await run(expression, {});
		expect(result.status).toBe('error');
		expect(result.tasks('Act')).toEqual([]);
	},
);

test('an item without a time gets that of its first delivery', async () => {
	const before = Math.floor(Date.now() / 1000) * 1000;
	const result = await run('={{ $json.at }}', {});
	expect(routed(result)).toEqual([1, 0, 0, 0]);
	const time = partsOfKsuid(String(detailsOf(result, 'Guard').ksuid)).timeMs;
	expect(time).toBeGreaterThanOrEqual(before);
	expect(time).toBeLessThanOrEqual(Date.now());
});
