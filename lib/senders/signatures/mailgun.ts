import { own, ownAt } from '../delivery';
import { decoded, keyOf } from './encodings';

import { hmacVerifier } from './hmac';
import type { ProofReading, SignatureScheme } from './scheme';
import { doubt } from './scheme';
import type { SignedRequest } from './signed-request';
import { timeOf } from './timestamps';

/**
 * Mailgun signs a time and a random token, which stand in the body, and nothing else of it. So one token may come with one body
 * only: `proof.token` is for whoever remembers them.
 */
export const MAILGUN: SignatureScheme = {
	where: 'the body field signature',
	how: 'HMAC-SHA-256, hex, of {timestamp}{token}',
	secretIs: 'the HTTP webhook signing key of the account',
	signsUrl: false,
	leavesOpen:
		'the event is not signed: whoever has seen one request could send its token with another event, so a token is taken with one body only, by each n8n process, while its time is accepted',
	source: 'https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks',
	seen: 'vendor',
	verifier: (secret) => hmacVerifier('sha256', keyOf(secret, 'text')),
	read: readMailgun,
};

function readMailgun({ body }: SignedRequest): ProofReading {
	const signature = own(body, 'signature');
	if (signature === undefined) return doubt('missing');
	const token = ownAt(body, ['signature', 'token']);
	const timestamp = ownAt(body, ['signature', 'timestamp']);
	// Of a subaccount's event, the second is made with the key of the main account.
	const signatures = ['signature', 'parent-signature']
		.map((name) => ownAt(body, ['signature', name]))
		.filter((each) => each !== undefined)
		.map((each) => (typeof each === 'string' ? decoded(each, 'hex') : null));
	if (typeof token !== 'string' || !/^[\da-z]{16,100}$/i.test(token)) return doubt('malformed');
	const time = typeof timestamp === 'number' ? String(timestamp) : timestamp;
	const signedAtMs = typeof time === 'string' ? timeOf(time, 's') : null;
	if (signedAtMs === null || signatures.length === 0 || signatures.includes(null)) {
		return doubt('malformed');
	}
	return {
		ok: true,
		proof: {
			messages: [[String(time), token]],
			signatures: signatures as Buffer[],
			signedAtMs,
			token,
		},
	};
}
