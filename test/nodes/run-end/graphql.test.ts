import { guard, node } from '../../support/engine';
import type { Answer } from '../../support/engine';
import { CONTINUE, downstream, once } from './two-services';

/** What n8n's own GraphQL says of its act: it hides the status, and one query may hold several acts. */

const graphql = (settings = {}, more = {}) =>
	node(
		'Charge',
		'n8n-nodes-base.graphql',
		{
			authentication: 'none',
			endpoint: downstream.url,
			requestFormat: 'json',
			query: 'mutation { charge }',
			...more,
		},
		{ typeVersion: 1.1, ...settings },
	);
const chain = [['Webhook', 'Guard', 'Charge']];
const acted = async (answer: Answer, settings = {}, more = {}) => {
	downstream.next(answer);
	return (await once([guard('Guard'), graphql(settings, more)], chain)).record.state;
};

test('data: completed', async () => {
	expect(await acted({ body: { data: { charge: 1 } } })).toBe('completed');
});

test.each<[string, Answer]>([
	['too many requests', { status: 429, body: { message: 'later' } }],
	['a service that is down', { status: 503, body: { message: 'down' } }],
	['no data', { body: { data: null } }],
	['one of two acts refused', { body: { data: { charge: 1 }, errors: [{ status: 403 }] } }],
	['refused', { body: { errors: [{ message: 'no', status: 429 }] } }],
])('%s: unknown', async (_, answer) => {
	expect(await acted(answer)).toBe('unknown');
	expect(await acted(answer, CONTINUE)).toBe('unknown');
});

test('as text: nobody knows', async () => {
	const text = { responseFormat: 'string', dataPropertyName: 'data' };
	expect(await acted({ status: 429, body: 'later' }, {}, text)).toBe('unknown');
});
