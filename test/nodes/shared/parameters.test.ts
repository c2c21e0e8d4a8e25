import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';

import { requestParametersOf } from '../../../nodes/shared/parameters';

/** n8n takes long for a parameter: it is asked for what only n8n can tell. */

function parametersWith(parameters: IDataObject) {
	const asked: string[] = [];
	const context = {
		getNode: () => ({ parameters }),
		getNodeParameter: (name: string) => {
			asked.push(name);
			return `n8n's ${name}`;
		},
	} as unknown as IWebhookFunctions;
	return { given: requestParametersOf(context), asked };
}

it('takes plain values, and lists of them, from the node itself', () => {
	const { given, asked } = parametersWith({
		httpMethod: ['POST', 'GET'],
		options: { limit: 5, strict: false },
	});
	expect(given.get('httpMethod', 0, [])).toEqual(['POST', 'GET']);
	expect(given.get('options.limit', 0, 1)).toBe(5);
	expect(given.get('options.strict', 0, true)).toBe(false);
	expect(given.get('options.scope', 0, 'node')).toBe('node');
	expect(given.get('options.limit.most', 0, 'none')).toBe('none');
	expect(given.get('options.toString', 0, 'none')).toBe('none');
	expect(given.has('options.strict')).toBe(true);
	expect(given.has('options.scope')).toBe(false);
	expect(asked).toEqual([]);
});

it('asks n8n for an expression each time, and for what may hold one', () => {
	const { given, asked } = parametersWith({
		key: '={{ $json.id }}',
		kinds: ['a', '={{ $json.kind }}'],
		nested: { values: [{ name: 'a' }] },
	});
	for (const name of ['key', 'key', 'kinds', 'nested']) {
		expect(given.get(name, 0, '')).toBe(`n8n's ${name}`);
	}
	expect(asked).toEqual(['key', 'key', 'kinds', 'nested']);
});

it('reads the node that a context has, without a copy of it', () => {
	const context = {
		node: { parameters: { path: 'orders' } },
		getNode: () => {
			throw new Error('A copy was asked for');
		},
	} as unknown as IWebhookFunctions;
	expect(requestParametersOf(context).get('path', 0, '')).toBe('orders');
});
