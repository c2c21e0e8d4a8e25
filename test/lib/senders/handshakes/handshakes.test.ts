import { createHmac } from 'node:crypto';

import type { SenderValue } from '../../../../lib/senders/delivery-ids';
import { DETECTION_V1, SENDERS } from '../../../../lib/senders/delivery-ids';
import { answerHandshake } from '../../../../lib/senders/handshakes/answer-handshake';
import type {
	HandshakeRequest,
	HandshakeTerms,
} from '../../../../lib/senders/handshakes/handshake';
import { HANDSHAKES } from '../../../../lib/senders/handshakes/handshakes';
import { first, type JsonObject } from '../deliveries';

const NOTHING: HandshakeTerms = { secrets: [], verifyToken: '' };

function request(part: Partial<HandshakeRequest>): HandshakeRequest {
	return {
		method: 'POST',
		url: null,
		headers: {},
		query: {},
		rawBody: Buffer.alloc(0),
		body: {},
		...part,
	};
}

/** In either phase: a handshake belongs to one of them. */
function answerTo(sender: SenderValue, part: Partial<HandshakeRequest>, terms = NOTHING) {
	const asked = request(part);
	return (
		answerHandshake(sender, 'unsigned', asked, terms) ??
		answerHandshake(sender, 'signed', asked, terms)
	);
}

/** As long as Zoom's. */
const PLAIN = 'qgg8vlvZRS6UYooatFL8Aw';
const slack = { token: 't', challenge: 'abc123', type: 'url_verification' };
const zoom = {
	event: 'endpoint.url_validation',
	event_ts: 1_769_000_000_000,
	payload: { plainToken: PLAIN },
};
const hub = { 'hub.mode': 'subscribe', 'hub.challenge': '1158201444', 'hub.verify_token': 'mine' };
const lines = 'Validation: Testing client application reachability for subscription Request-Id: 1';

describe('what each sender wants to hear', () => {
	it('Slack: the challenge as JSON', () => {
		expect(answerTo('slack', { body: slack })).toEqual({
			kind: 'answer',
			statusCode: 200,
			contentType: 'application/json',
			body: '{"challenge":"abc123"}',
		});
	});

	it('monday.com: the challenge as JSON', () => {
		expect(answerTo('monday', { body: { challenge: 'abc' } })).toMatchObject({
			body: '{"challenge":"abc"}',
		});
	});

	it('Zoom: the token and its HMAC', () => {
		const answer = answerTo(
			'zoom',
			{ body: zoom },
			{ secrets: ['', 'zoom secret'], verifyToken: '' },
		);
		expect(answer).toMatchObject({ statusCode: 200, contentType: 'application/json' });
		const encryptedToken = createHmac('sha256', 'zoom secret').update(PLAIN).digest('hex');
		expect(JSON.parse(answer?.kind === 'answer' ? answer.body : '')).toEqual({
			plainToken: PLAIN,
			encryptedToken,
		});
	});

	it('Meta: the challenge as text, where the verify token fits', () => {
		const terms = { secrets: [], verifyToken: 'mine' };
		const get = { method: 'GET', query: hub };
		expect(answerTo('whatsApp', get, terms)).toMatchObject({
			contentType: 'text/plain',
			body: '1158201444',
		});
		for (const token of ['other', '', undefined, ['mine'], { mine: 1 }]) {
			const query = { ...hub, 'hub.verify_token': token };
			expect(answerTo('whatsApp', { method: 'GET', query }, terms)?.kind).toBe('refused');
		}
		expect(answerTo('whatsApp', get)).toMatchObject({ kind: 'unanswerable' });
	});

	it('Microsoft Graph: the token as text', () => {
		expect(answerTo('microsoftGraph', { query: { validationToken: lines } })).toMatchObject({
			contentType: 'text/plain',
			body: lines,
		});
	});

	it('Asana: its header, and 200 for a heartbeat', () => {
		const headers = { 'x-hook-secret': 'b537'.repeat(8) };
		expect(answerTo('asana', { headers })).toMatchObject({ statusCode: 200, headers, body: '' });
		expect(answerTo('asana', { body: { events: [] } })).toMatchObject({ statusCode: 200 });
	});

	it('Discord, Twitch, LINE, WooCommerce, Trello', () => {
		expect(answerTo('discord', { body: { type: 1 } })).toMatchObject({ body: '{"type":1}' });
		expect(answerTo('discord', { body: { type: 0 } })).toMatchObject({ statusCode: 204 });
		const headers = { 'twitch-eventsub-message-type': 'webhook_callback_verification' };
		expect(answerTo('twitch', { headers, body: { challenge: 'c' } })).toMatchObject({
			contentType: 'text/plain',
			body: 'c',
		});
		expect(answerTo('line', { body: { destination: 'U', events: [] } })).toMatchObject({
			statusCode: 200,
		});
		expect(answerTo('wooCommerce', { body: { webhook_id: '12' } })).toMatchObject({
			statusCode: 200,
		});
		expect(answerTo('trello', { method: 'HEAD', body: {} })).toMatchObject({ statusCode: 200 });
	});
});

describe('what is no handshake', () => {
	it.each(DETECTION_V1)('a delivery of %s is none', (value) => {
		const { headers = {}, body = {} } = first(value) as { headers?: JsonObject; body?: JsonObject };
		expect(answerTo(value, { headers, body })).toBeNull();
	});

	it.each([
		['slack', { body: { ...slack, event: {} } }],
		['slack', { body: { ...slack, challenge: '' } }],
		['slack', { body: { ...slack, challenge: 'x'.repeat(1_001) } }],
		['slack', { body: { ...slack, challenge: 'a\u0000b' } }],
		['slack', { body: { ...slack, challenge: ['a'] } }],
		['slack', { method: 'GET', body: slack }],
		['monday', { body: { challenge: 'a', event: {} } }],
		['monday', { body: ['challenge'] }],
		['zoom', { body: { ...zoom, payload: { plainToken: 'v0:1769000000:{}' } } }],
		['zoom', { body: { ...zoom, payload: { plainToken: 'x'.repeat(101) } } }],
		['whatsApp', { method: 'POST', query: hub }],
		['whatsApp', { method: 'GET', query: { ...hub, 'hub.mode': 'other' } }],
		['whatsApp', { method: 'GET', query: { ...hub, 'hub.challenge': '<b>1</b>' } }],
		['whatsApp', { method: 'GET', query: { ...hub, 'hub.challenge': ['1'] } }],
		['microsoftGraph', { query: { validationToken: 'x\r\ny' } }],
		['microsoftGraph', { query: { validationToken: lines }, body: { value: [] } }],
		['asana', { headers: { 'x-hook-secret': 'a\r\nSet-Cookie: b' } }],
		['asana', { headers: { 'x-hook-secret': 'b5'.repeat(16) }, body: { events: [] } }],
		['discord', { body: { type: 2, id: '1' } }],
		['wooCommerce', { body: { webhook_id: '12', id: 1 } }],
		['wooCommerce', { body: { webhook_id: 'x' } }],
	] as const)('%s: %j', (sender, part) => {
		const answer = answerTo(sender, part, { secrets: ['s'], verifyToken: 'mine' });
		// Events without any are a heartbeat, whatever header comes along.
		if (sender === 'asana' && 'body' in part)
			return expect(answer).not.toHaveProperty('headers.x-hook-secret');
		expect(answer).toBeNull();
	});

	it('of one sender is an event of another', () => {
		for (const { value } of SENDERS) {
			const answers = [slack, { challenge: 'a' }, zoom].map((body) =>
				answerTo(value, { body }, { secrets: ['s'], verifyToken: 'mine' }),
			);
			const expected = { slack: 0, monday: 1, zoom: 2 }[value as string];
			answers.forEach((answer, i) => expect(answer !== null).toBe(i === expected));
		}
	});
});

it('Zoom signs nothing that could pass for its signature of an event', () => {
	for (const plainToken of ['v0:1:{}', 'a b', 'a:b', '{}', 'é']) {
		expect(
			answerTo(
				'zoom',
				{ body: { ...zoom, payload: { plainToken } } },
				{
					secrets: ['s'],
					verifyToken: '',
				},
			),
		).toBeNull();
	}
});

it('Zoom without a secret says what to set', () => {
	expect(answerTo('zoom', { body: zoom })).toMatchObject({
		kind: 'unanswerable',
		why: expect.stringContaining('credential') as string,
	});
});

it('a handshake that its sender signs is answered after the signature only', () => {
	for (const { sender, signed, method = 'POST' } of HANDSHAKES) {
		const wrong = signed ? 'unsigned' : 'signed';
		const part = request({ method, body: { ...slack, events: [] }, query: hub });
		const answer = answerHandshake(sender, wrong, part, { secrets: ['s'], verifyToken: 'mine' });
		if (HANDSHAKES.filter((each) => each.sender === sender).length === 1) expect(answer).toBeNull();
	}
	expect(answerHandshake('slack', 'unsigned', request({ body: slack }), NOTHING)).toBeNull();
	expect(answerHandshake('zoom', 'unsigned', request({ body: zoom }), NOTHING)).toBeNull();
});
