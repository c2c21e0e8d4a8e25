/** How signatures and secrets are written. Anything but the exact form is refused: no two texts are one signature. */

export type Encoding = 'hex' | 'base64' | 'base64url';

export function decoded(text: string, encoding: Encoding): Buffer | null {
	if (text === '') return null;
	if (encoding === 'hex') {
		return /^(?:[\da-f]{2})+$/i.test(text) ? Buffer.from(text, 'hex') : null;
	}
	// Node skips what is no base64, and bits that a last character has too many.
	const bytes = Buffer.from(text, encoding);
	const written = bytes.toString(encoding);
	return written === (encoding === 'base64' ? text : text.replace(/=+$/, '')) ? bytes : null;
}

/** `text`: the bytes of the secret as it is shown. `whsec`: base64, mostly behind the prefix `whsec_`. */
export type SecretForm = 'text' | 'base64' | 'whsec';

/** The key that a secret stands for; null where it is empty or not of that form. */
export function keyOf(secret: string, form: SecretForm): Buffer | null {
	const text = secret.trim();
	if (text === '') return null;
	switch (form) {
		case 'text':
			return Buffer.from(text, 'utf8');
		case 'base64':
			return decoded(text, 'base64');
		case 'whsec':
			return decoded(text.replace(/^whsec_/, ''), 'base64');
	}
}
