import { deliveryIdOf, type SenderValue } from '../../../lib/senders/delivery-ids';
import { changed, first, type JsonObject } from './deliveries';

const thingOf = (json: unknown, sender: 'auto' | SenderValue = 'auto') => {
	const answer = deliveryIdOf({ json }, sender, 'thing');
	return answer.found ? JSON.stringify([answer.scope, answer.id]) : answer.problem;
};

describe('Slack', () => {
	const event = (eventId: string, part: object) => ({
		headers: { 'x-slack-signature': 'v0=00' },
		body: {
			type: 'event_callback',
			api_app_id: 'A0',
			team_id: 'T0',
			event_id: eventId,
			event: {
				type: 'message',
				channel: 'C0',
				text: '<@U0> hello',
				event_ts: '1769000001.000100',
				client_msg_id: '1-1',
				...part,
			},
		},
	});

	it('one message is one thing under any event ID, as a mention too, and when it is told again', () => {
		const things = [
			event('Ev1', {}),
			event('Ev2', {}),
			event('Ev3', { type: 'app_mention' }),
			event('Ev4', { event_ts: '1769000001.990000' }),
		].map((json) => thingOf(json));
		expect(new Set(things).size).toBe(1);
		expect(things[0]).toContain('what happened');
	});

	it('another message, channel, workspace or kind is another', () => {
		const things = [
			event('Ev', {}),
			event('Ev', { client_msg_id: '1-2' }),
			event('Ev', { channel: 'C1' }),
			event('Ev', { subtype: 'message_changed', client_msg_id: undefined }),
			event('Ev', { type: 'reaction_added', client_msg_id: undefined, item: { channel: 'C0' } }),
			event('Ev', { client_msg_id: undefined, event_ts: '1769000002.000100' }),
		];
		const other = event('Ev', {});
		const elsewhere = { ...other, body: { ...other.body, team_id: 'T1' } };
		const ids = [...things, elsewhere].map((json) => thingOf(json));
		expect(new Set(ids).size).toBe(ids.length);
	});

	it('without anything to tell it by it is missing', () => {
		expect(thingOf(event('Ev', { client_msg_id: undefined, event_ts: undefined }))).toBe('missing');
	});
});

describe('GitLab', () => {
	const push = (hook: string, after: string, part: object = {}) => ({
		headers: { 'x-gitlab-event': 'Push Hook', 'idempotency-key': hook },
		body: {
			object_kind: 'push',
			before: '00',
			after,
			ref: 'refs/heads/main',
			project_id: 1,
			...part,
		},
	});

	it('one push is one thing, whatever hook tells of it', () => {
		expect(new Set([push('k1', 'a'), push('k2', 'a')].map((json) => thingOf(json))).size).toBe(1);
		expect(deliveryIdOf({ json: push('k1', 'a') }, 'auto')).toMatchObject({ id: 'k1' });
	});

	it('another commit, branch or project is another', () => {
		const ids = [
			push('k', 'a'),
			push('k', 'b'),
			push('k', 'a', { ref: 'refs/heads/other' }),
			push('k', 'a', { project_id: 2 }),
		].map((json) => thingOf(json));
		expect(new Set(ids).size).toBe(ids.length);
	});

	it('changes of a merge request or pipeline are told apart by their time or status', () => {
		const change = (part: JsonObject) => ({
			headers: { 'x-gitlab-event': 'x' },
			body: { object_kind: 'merge_request', project: { id: 1 }, object_attributes: part },
		});
		const ids = [
			change({ id: 1, action: 'update', updated_at: '1' }),
			change({ id: 1, action: 'update', updated_at: '2' }),
			change({ id: 1, status: 'running' }),
			change({ id: 1, status: 'success' }),
		].map((json) => thingOf(json));
		expect(new Set(ids).size).toBe(4);
		expect(thingOf(change({ id: 1 }))).toBe('missing');
	});
});

it('a sender without a row for it is known by its event', () => {
	expect(deliveryIdOf({ json: first('stripe') }, 'auto', 'thing')).toEqual(
		deliveryIdOf({ json: first('stripe') }, 'auto'),
	);
});

describe('one ID in two headers', () => {
	it("Shopify's Events have no X- in theirs", () => {
		const headers = { 'shopify-webhook-id': 'a', 'shopify-topic': 'Product' };
		expect(deliveryIdOf({ json: { headers, body: {} } }, 'auto')).toMatchObject({
			sender: 'shopify',
			id: 'a',
		});
	});

	it.each([
		['shopify', { 'shopify-webhook-id': 'fresh' }],
		['standardWebhooks', { 'svix-id': 'fresh' }],
	] as const)('a caller cannot give a delivery of %s a second one', (sender, headers) => {
		expect(deliveryIdOf({ json: changed(sender, { headers }) }, 'auto')).toMatchObject({
			found: false,
			problem: 'malformed',
		});
	});
});
