import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { own, ownAt } from '../delivery';
import { headerOf } from '../signatures/signed-request';
import type { Handshake, HandshakeResult } from './handshake';
import { empty, hasExactly, isEchoable, json, text } from './handshake';

const slack: Handshake = {
	sender: 'slack',
	words: 'url_verification: the challenge is sent back',
	signed: true,
	answer: ({ body }) =>
		own(body, 'type') === 'url_verification' &&
		hasExactly(body, ['token', 'challenge', 'type']) &&
		isEchoable(own(body, 'challenge'))
			? json({ challenge: own(body, 'challenge') })
			: null,
};

const monday: Handshake = {
	sender: 'monday',
	words: 'a body with a challenge and nothing else, which is sent back',
	signed: false,
	answer: ({ body }) =>
		hasExactly(body, ['challenge']) && isEchoable(own(body, 'challenge'))
			? json({ challenge: own(body, 'challenge') })
			: null,
};

/**
 * Zoom wants the HMAC of a token under the secret that signs its events. Were any text taken, a caller could have `v0:time:body`
 * signed: a token has letters, digits, - and _ only.
 */
const zoom: Handshake = {
	sender: 'zoom',
	words: 'endpoint.url_validation: the token and its HMAC are sent back',
	signed: true,
	answer: ({ body }, { secrets }) => {
		if (own(body, 'event') !== 'endpoint.url_validation') return null;
		const plainToken = ownAt(body, ['payload', 'plainToken']);
		if (typeof plainToken !== 'string' || !/^[\w-]{1,100}$/.test(plainToken)) return null;
		const secret = secrets.map((each) => each.trim()).find((each) => each !== '');
		if (secret === undefined) {
			return {
				kind: 'unanswerable',
				why: 'Zoom wants its token signed with the Secret Token of the app: enter it into the credential Idempotent Webhook Signature API',
			};
		}
		const encryptedToken = createHmac('sha256', secret).update(plainToken).digest('hex');
		return json({ plainToken, encryptedToken });
	},
};

const discordInteractions: Handshake = {
	sender: 'discord',
	words: 'PING: type 1 is answered with type 1, type 0 with an empty 204',
	signed: true,
	answer: ({ body }) => {
		if (own(body, 'type') === 1 && own(body, 'data') === undefined) return json({ type: 1 });
		return own(body, 'type') === 0 && own(body, 'event') === undefined ? empty(204) : null;
	},
};

const twitch: Handshake = {
	sender: 'twitch',
	words: 'webhook_callback_verification: the challenge is sent back as text',
	signed: true,
	answer: (request) =>
		headerOf(request, 'twitch-eventsub-message-type') === 'webhook_callback_verification' &&
		isEchoable(own(request.body, 'challenge'))
			? text(String(own(request.body, 'challenge')))
			: null,
};

/** Asana's secret arrives here and nowhere else than in the answer to the request that made the webhook. */
const asanaSecret: Handshake = {
	sender: 'asana',
	words:
		'X-Hook-Secret: the header is sent back. Copy the secret from the answer to the request that made the webhook',
	signed: false,
	answer: (request) => {
		const secret = headerOf(request, 'x-hook-secret');
		if (secret === null || headerOf(request, 'x-hook-signature') !== null) return null;
		return /^[\w-]{16,256}$/.test(secret) && isBlank(request.body)
			? empty(200, { 'x-hook-secret': secret })
			: null;
	},
};

const asanaHeartbeat: Handshake = {
	sender: 'asana',
	words: 'a heartbeat without events: 200',
	signed: true,
	answer: ({ body }) => (hasNoEvents(body) ? empty(200) : null),
};

const lineVerification: Handshake = {
	sender: 'line',
	words: 'Verify in the console, which sends no events: 200',
	signed: true,
	answer: ({ body }) => (hasNoEvents(body) ? empty(200) : null),
};

/** WooCommerce saves a webhook as active only if this is answered with 200. It is not signed. */
const wooCommerce: Handshake = {
	sender: 'wooCommerce',
	words: 'the ping of a new webhook (webhook_id=…): 200',
	signed: false,
	answer: ({ body, headers }) =>
		hasExactly(body, ['webhook_id']) &&
		/^\d{1,20}$/.test(String(own(body, 'webhook_id'))) &&
		headers['x-wc-webhook-topic'] === undefined
			? empty(200)
			: null,
};

/** Handshakes in the query. */
const meta: Handshake = {
	sender: 'whatsApp',
	words: 'GET with hub.mode=subscribe: hub.challenge is sent back where hub.verify_token fits',
	signed: false,
	method: 'GET',
	answer: ({ method, query }, { verifyToken }): HandshakeResult | null => {
		const challenge = own(query, 'hub.challenge');
		if (method !== 'GET' || own(query, 'hub.mode') !== 'subscribe') return null;
		if (typeof challenge !== 'string' || !/^[\w-]{1,256}$/.test(challenge)) return null;
		if (verifyToken === '') {
			return {
				kind: 'unanswerable',
				why: 'Meta sends a verify token, and this webhook has none: set one in the credential Idempotent Webhook Signature API, and the same in the Meta app',
			};
		}
		const given = own(query, 'hub.verify_token');
		return typeof given === 'string' && isSame(given, verifyToken)
			? text(challenge)
			: { kind: 'refused', why: 'The verify token is not the one of this webhook' };
	},
};

const microsoftGraph: Handshake = {
	sender: 'microsoftGraph',
	words: 'validationToken in the query: it is sent back as text',
	signed: false,
	answer: ({ query, body }) => {
		const token = own(query, 'validationToken');
		return isEchoable(token) && isBlank(body) ? text(token) : null;
	},
};

/** Trello makes a webhook only if this is answered with 200. Asked for once, without a body. */
const trello: Handshake = {
	sender: 'trello',
	words: 'HEAD: 200',
	signed: false,
	method: 'HEAD',
	answer: ({ body }) => (isBlank(body) ? empty(200) : null),
};

export const HANDSHAKES: readonly Handshake[] = [
	asanaSecret,
	asanaHeartbeat,
	discordInteractions,
	lineVerification,
	meta,
	microsoftGraph,
	monday,
	slack,
	trello,
	twitch,
	wooCommerce,
	zoom,
];

function isBlank(body: unknown): boolean {
	if (body === undefined || body === null || body === '') return true;
	return typeof body === 'object' && Object.keys(body).length === 0;
}

function hasNoEvents(body: unknown): boolean {
	const events = own(body, 'events');
	return Array.isArray(events) && events.length === 0;
}

/** Compares digests: how long it takes tells nothing, not even the length. */
function isSame(given: string, expected: string): boolean {
	const [a, b] = [given, expected].map((each) => createHash('sha256').update(each).digest());
	return timingSafeEqual(a as Buffer, b as Buffer);
}
