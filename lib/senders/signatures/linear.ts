import { own } from '../delivery';
import { hmacScheme } from './hmac';
import type { SignatureScheme } from './scheme';
import { doubt } from './scheme';

const SIGNED_BODY = hmacScheme(
	{
		headers: ['linear-signature'],
		algorithm: 'sha256',
		encoding: 'hex',
		prefix: '',
		separator: null,
		signed: '{body}',
		timestamp: null,
		secret: 'text',
	},
	{
		where: 'the header Linear-Signature',
		secretIs: 'the signing secret of the webhook',
		leavesOpen: 'the delivery ID (a header) is not signed',
		source: 'https://github.com/linear/linear/blob/master/packages/sdk/src/webhooks/client.ts',
		seen: 'sdk',
	},
);

/** Linear's time is in the body, `webhookTimestamp` in ms: signed with it. The header Linear-Timestamp is not. */
export const LINEAR: SignatureScheme = {
	...SIGNED_BODY,
	read: (request) => {
		const reading = SIGNED_BODY.read(request);
		if (!reading.ok) return reading;
		const signedAtMs = own(request.body, 'webhookTimestamp');
		return typeof signedAtMs === 'number' && Number.isSafeInteger(signedAtMs)
			? { ok: true, proof: { ...reading.proof, signedAtMs } }
			: doubt('no_timestamp');
	},
};
