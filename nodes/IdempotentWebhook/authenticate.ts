import { createHash, createPublicKey, timingSafeEqual } from 'node:crypto';
import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import type { Algorithm } from 'jsonwebtoken';

import { attempt, attemptAsync } from '../../lib/core/attempt';
import type { ItemParameters } from '../shared/parameters';
import { textOf } from '../shared/redis-credential';

/** Who asks. n8n's Webhook node authenticates in the same way. */
export type Authentication =
	| { readonly ok: true; readonly jwtPayload?: IDataObject }
	| {
			readonly ok: false;
			readonly statusCode: 401 | 403 | 500;
			readonly message: string;
			/** What the header WWW-Authenticate asks for. */
			readonly challenge?: string;
	  };

type Method = 'none' | 'basicAuth' | 'headerAuth' | 'jwtAuth';

export async function authenticate(
	context: IWebhookFunctions,
	parameters: ItemParameters,
): Promise<Authentication> {
	const method = parameters.get<Method>('authentication', 0, 'none');
	switch (method) {
		case 'none':
			return { ok: true };
		case 'basicAuth':
			return byPassword(context, await credentialOf(context, 'httpBasicAuth'));
		case 'headerAuth':
			return byHeader(context, await credentialOf(context, 'httpHeaderAuth'));
		case 'jwtAuth':
			return await byJwt(context, await credentialOf(context, 'jwtAuth'));
	}
}

const UNUSABLE = {
	ok: false,
	statusCode: 500,
	message: 'The credential of "Authentication" is missing, incomplete, or not a key',
} as const;

async function credentialOf(context: IWebhookFunctions, type: string): Promise<IDataObject> {
	const read = await attemptAsync(async () => await context.getCredentials(type));
	return read.ok ? (read.value as IDataObject) : {};
}

function byPassword(context: IWebhookFunctions, credential: IDataObject): Authentication {
	const [user, password] = [textOf(credential.user), textOf(credential.password)];
	if (user === '' || password === '') return UNUSABLE;
	const [, encoded = ''] = /^basic\s+(\S+)$/i.exec(authorizationOf(context)) ?? [];
	const given = Buffer.from(encoded, 'base64').toString('utf8');
	if (encoded !== '' && isSame(given, `${user}:${password}`)) return { ok: true };
	const message = encoded === '' ? 'User and password are needed' : 'User or password is wrong';
	return { ok: false, statusCode: 401, message, challenge: 'Basic realm="Webhook"' };
}

function byHeader(context: IWebhookFunctions, credential: IDataObject): Authentication {
	const [name, value] = [textOf(credential.name).toLowerCase(), textOf(credential.value)];
	if (name === '' || value === '') return UNUSABLE;
	const given = context.getHeaderData()[name];
	if (typeof given === 'string' && isSame(given, value)) return { ok: true };
	return { ok: false, statusCode: 403, message: 'The request could not be authenticated' };
}

async function byJwt(context: IWebhookFunctions, credential: IDataObject): Promise<Authentication> {
	const isPassphrase = credential.keyType === 'passphrase';
	const key = isPassphrase ? textOf(credential.secret) : pemOf(textOf(credential.publicKey));
	const algorithm = textOf(credential.algorithm) as Algorithm;
	if (key === '' || textOf(credential.algorithm) === '') return UNUSABLE;
	const [, token = ''] = authorizationOf(context).split(' ');
	if (token === '') {
		const challenge = 'Bearer';
		return { ok: false, statusCode: 401, message: 'A token is needed', challenge };
	}
	// Most workflows use no JWT, and need not load it.
	const { verify } = await import('jsonwebtoken');
	if (!isPassphrase && !attempt(() => createPublicKey(key)).ok) return UNUSABLE;
	const verified = attempt(() => verify(token, key, { algorithms: [algorithm] }));
	if (verified.ok && typeof verified.value === 'object') {
		return { ok: true, jwtPayload: verified.value as IDataObject };
	}
	return { ok: false, statusCode: 403, message: 'The token is not valid' };
}

const authorizationOf = (context: IWebhookFunctions): string =>
	context.getHeaderData().authorization ?? '';

/** Compares digests, so that the time it takes gives nothing away, not even a length. */
function isSame(given: string, expected: string): boolean {
	const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest());
	return timingSafeEqual(a as Buffer, b as Buffer);
}

/** A PEM block whose line ends were lost in a one-line field. */
function pemOf(text: string): string {
	const block = /^(-----BEGIN [^-]+-----)([^-]+)(-----END [^-]+-----)$/.exec(text.trim());
	if (block === null) return text.trim();
	const [, begin = '', body = '', end = ''] = block;
	const lines = body.replace(/\s/g, '').match(/.{1,64}/g) ?? [];
	return [begin, ...lines, end].join('\n');
}
