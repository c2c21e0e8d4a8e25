import { timingSafeEqual, createHash } from 'node:crypto';

import { asList, own } from '../delivery';
import type { SignatureScheme } from './scheme';
import { doubt } from './scheme';

/** Microsoft Graph sends a secret that the subscription was given, in each of the notifications of a body. */
export const CLIENT_STATE: SignatureScheme = {
	where: 'the field clientState of each notification',
	how: 'the secret itself',
	secretIs: 'the clientState that the subscription was given',
	signsUrl: false,
	leavesOpen: 'nothing is signed: whoever has seen one request can make any other',
	source: 'https://learn.microsoft.com/en-us/graph/api/resources/changenotification',
	seen: 'vendor',
	verifier: (secret) => {
		const text = secret.trim();
		if (text === '') return null;
		const expected = sha256(text);
		// One notification with another state would come in with the others.
		return ({ signatures }) =>
			signatures.length > 0 &&
			signatures.every((given) => timingSafeEqual(sha256(given), expected));
	},
	read: ({ body }) => {
		const states = asList(own(body, 'value')).map((each) => own(each, 'clientState'));
		if (states.every((state) => state === undefined)) return doubt('missing');
		const texts = states.filter((state) => typeof state === 'string');
		if (texts.length !== states.length) return doubt('malformed');
		const signatures = texts.map((text) => Buffer.from(text));
		return { ok: true, proof: { messages: [], signatures, signedAtMs: null } };
	},
};

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest();
