import { randomBytes } from 'node:crypto';

import type { Reply } from '../../core/reply';
import { scriptError } from './errors';
import type { RedisCalls } from './redis-calls';

/** 32 random bytes that whoever asks first makes. */
export async function signingKeyOf(calls: RedisCalls): Promise<Reply<Buffer>> {
	return await calls.askAlone(async (client) => {
		const name = calls.keys.signingKey;
		let key = await client.getBuffer(name);
		if (key === null) {
			await client.setnx(name, randomBytes(32));
			key = await client.getBuffer(name);
		}
		if (key?.length !== 32) throw scriptError('CORRUPT the signing key is not 32 bytes');
		// Each run asks for it, and nobody for the time: one command.
		return { micros: 0, answer: key };
	});
}
