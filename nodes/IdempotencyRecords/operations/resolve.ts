import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { resultPurpose } from '../../../lib/results/purposes';
import type { ResultItem } from '../../../lib/results/result-codec';
import { DEFAULT_MAX_RESULT_BYTES, encodeResult } from '../../../lib/results/result-codec';
import { ComplaintError } from '../../../lib/guard/complaint';
import type { SeenRecord } from '../change-records';
import { changeRecords } from '../change-records';
import { findProperties } from '../find-records';
import type { RecordsRun } from '../operation';

export const properties: readonly INodeProperties[] = [
	...findProperties,
	{
		displayName: 'Outcome',
		name: 'resolveTo',
		type: 'options',
		noDataExpression: true,
		default: 'completed',
		description: 'What happened, as you found out',
		options: [
			{
				name: 'It Acted',
				value: 'completed',
				description: 'Completed: duplicates get the result given here',
			},
			{
				name: 'It Did Not Act',
				value: 'released',
				description: 'Released: the next delivery may act',
			},
		],
	},
	{
		displayName: 'Result',
		name: 'resolveResult',
		type: 'options',
		noDataExpression: true,
		default: 'item',
		description: 'What a duplicate gets',
		displayOptions: { show: { resolveTo: ['completed'] } },
		options: [
			{ name: 'Nothing', value: 'none', description: 'Only that the request was handled' },
			{ name: 'This Item', value: 'item', description: 'The JSON of the input item' },
			{ name: 'Using JSON', value: 'json', description: 'An item, or a list of items' },
		],
	},
	{
		displayName: 'JSON',
		name: 'resolveJson',
		type: 'json',
		default: '{}',
		required: true,
		description: 'An object is one item, a list of objects several',
		displayOptions: { show: { resolveTo: ['completed'], resolveResult: ['json'] } },
	},
];

/** Says what became of a request whose outcome nobody knew. */
export async function execute(run: RecordsRun, itemIndex: number): Promise<IDataObject[]> {
	const { parameters } = run;
	const completes = parameters.get<string>('resolveTo', itemIndex, 'completed') === 'completed';
	if (!completes) {
		return await changeRecords(run, itemIndex, {
			did: 'Resolved as not done',
			orderFor: ({ identity, state, record }, reason, force) => ({
				type: 'resolve',
				to: 'released',
				identity,
				reason,
				force,
				seen: { fence: record.fence, state },
			}),
			absentIsFine: false,
		});
	}
	const items = resultItems(run, itemIndex);
	const statusCode = statusCodeOf(run, itemIndex);
	return await changeRecords(run, itemIndex, {
		did: 'Resolved as done',
		orderFor: (found, reason, force) => ({
			type: 'resolve',
			to: 'completed',
			identity: found.identity,
			reason,
			force,
			seen: { fence: found.record.fence, state: found.state },
			statusCode,
			result: encoded(run, found, items, resultPurpose('completed', statusCode)),
		}),
		absentIsFine: false,
	});
}

function statusCodeOf({ parameters }: RecordsRun, itemIndex: number): number {
	const statusCode = Number(parameters.get<unknown>('options.statusCode', itemIndex, 0));
	if (Number.isInteger(statusCode) && statusCode >= 0 && statusCode <= 599) return statusCode;
	throw new ComplaintError({
		message: '"Status Code" is not a status code for this item',
		description: 'Give the HTTP status of the answer, such as 200, or remove the option.',
	});
}

function resultItems({ context, parameters }: RecordsRun, itemIndex: number): ResultItem[] | null {
	switch (parameters.get<string>('resolveResult', itemIndex, 'item')) {
		case 'none':
			return null;
		case 'json':
			return itemsOf(parameters.get<unknown>('resolveJson', itemIndex, '{}'));
		default:
			return [{ json: context.getInputData()[itemIndex]?.json ?? {} }];
	}
}

function itemsOf(given: unknown): ResultItem[] {
	let value = given;
	try {
		if (typeof given === 'string') value = JSON.parse(given);
	} catch {
		value = undefined;
	}
	const list = Array.isArray(value) ? value : [value];
	if (list.every((each) => typeof each === 'object' && each !== null && !Array.isArray(each))) {
		return list.map((json) => ({ json: json as IDataObject }));
	}
	throw new ComplaintError({
		message: '"JSON" is not an object or a list of objects',
		description: 'Give what the duplicates shall get, for example { "status": "charged" }.',
	});
}

function encoded(
	{ opened: { secret } }: RecordsRun,
	{ identity, record }: SeenRecord,
	items: ResultItem[] | null,
	purpose: string,
): Buffer {
	const result = encodeResult(items, {
		maxBytes: DEFAULT_MAX_RESULT_BYTES,
		...(secret === '' ? {} : { encryption: { secret, tenant: record.tenant, identity, purpose } }),
	});
	if (result.stored || result.reason === 'not_kept') return result.bytes;
	throw new ComplaintError({
		message:
			result.reason === 'too_large'
				? 'The result is larger than 1 MB'
				: 'The result can not be written as JSON',
		description: 'Give a smaller one with "Using JSON", or choose "Nothing".',
	});
}
