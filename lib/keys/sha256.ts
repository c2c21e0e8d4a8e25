import { createHash, hash } from 'node:crypto';

/** SHA-256 of the text as UTF-8. `crypto.hash` takes half the time, and came with Node 20.12. */
export const sha256: (text: string) => Buffer =
	typeof hash === 'function'
		? (text) => hash('sha256', text, 'buffer')
		: (text) => createHash('sha256').update(text).digest();

/** The same as text, which takes Node half the time of a buffer. */
export const sha256Text: (text: string, encoding: 'hex' | 'base64url') => string =
	typeof hash === 'function'
		? (text, encoding) => hash('sha256', text, encoding)
		: (text, encoding) => createHash('sha256').update(text).digest(encoding);
