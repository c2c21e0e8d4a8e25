/**
 * Bytes sealed for one record: AES-256-GCM under a key that HKDF-SHA-256 (RFC 5869) derives from the secret and the
 * tenant. The record's identity is authenticated with them, so that they can't be moved to another record.
 *
 * Sealed: key id (4 bytes) | nonce (12) | tag (16) | ciphertext.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

export interface SealingContext {
	/** Null where keys belong to no tenant. */
	readonly tenant: string | null;
	readonly identity: string;
	/** What else must not change, e.g. the codec byte in front of the sealed bytes. */
	readonly header: number;
	/** What the bytes are for: they are unsealed for nothing else. */
	readonly purpose: string;
}

export type Opened =
	| { readonly ok: true; readonly bytes: Buffer }
	| { readonly ok: false; readonly problem: 'corrupt' | 'unknown_secret' };

const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const SEALING_BYTES = KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES;

export function seal(bytes: Uint8Array, secret: string, context: SealingContext): Buffer {
	const id = keyId(secret);
	const nonce = randomBytes(NONCE_BYTES);
	const cipher = createCipheriv('aes-256-gcm', keyOf(secret, context.tenant), nonce);
	cipher.setAAD(associatedData(id, context));
	const sealed = [cipher.update(bytes), cipher.final()];
	return Buffer.concat([id, nonce, cipher.getAuthTag(), ...sealed]);
}

/** @param secrets the current one, and those before it that old records may be sealed with */
export function unseal(
	sealed: Uint8Array,
	secrets: readonly string[],
	context: SealingContext,
): Opened {
	if (sealed.length < SEALING_BYTES) return { ok: false, problem: 'corrupt' };
	const id = sealed.subarray(0, KEY_ID_BYTES);
	const known = secrets.filter((secret) => keyId(secret).equals(id));
	if (known.length === 0) return { ok: false, problem: 'unknown_secret' };
	for (const secret of known) {
		const bytes = unsealWith(sealed, secret, context);
		if (bytes !== undefined) return { ok: true, bytes };
	}
	return { ok: false, problem: 'corrupt' };
}

function unsealWith(
	sealed: Uint8Array,
	secret: string,
	context: SealingContext,
): Buffer | undefined {
	const id = sealed.subarray(0, KEY_ID_BYTES);
	const nonce = sealed.subarray(KEY_ID_BYTES, KEY_ID_BYTES + NONCE_BYTES);
	const decipher = createDecipheriv('aes-256-gcm', keyOf(secret, context.tenant), nonce, {
		authTagLength: TAG_BYTES,
	});
	decipher.setAAD(associatedData(id, context));
	decipher.setAuthTag(sealed.subarray(KEY_ID_BYTES + NONCE_BYTES, SEALING_BYTES));
	try {
		return Buffer.concat([decipher.update(sealed.subarray(SEALING_BYTES)), decipher.final()]);
	} catch {
		return undefined;
	}
}

/** Tells a record under an unknown secret from one that was tampered with; says nothing about the key itself. */
const keyId = (secret: string): Buffer => derive(secret, 'key id', KEY_ID_BYTES);

/** The tenant goes in as a digest: HKDF's info is limited to 1,024 bytes. */
function keyOf(secret: string, tenant: string | null): Buffer {
	const digest = createHash('sha256').update(JSON.stringify(tenant)).digest('hex');
	return derive(secret, `result key ${digest}`, 32);
}

const derive = (secret: string, purpose: string, length: number): Buffer =>
	Buffer.from(hkdfSync('sha256', secret, 'n8n-nodes-idempotency', `v1 ${purpose}`, length));

const associatedData = (id: Uint8Array, { header, identity, purpose }: SealingContext): Buffer =>
	Buffer.concat([Buffer.of(header), id, Buffer.from(JSON.stringify([identity, purpose]))]);
