import KSUID from 'ksuid';

/** 2014-05-13T16:53:20Z, where KSUIDs start, in milliseconds since 1970. */
export const KSUID_EPOCH_MS = 14e11;
/** 2150-06-19T23:21:35Z, where they end. */
export const KSUID_LAST_MS = KSUID_EPOCH_MS + (2 ** 32 - 1) * 1000;

const IDENTITY = /^[0-9a-f]{64}$/;

/**
 * The KSUID (27 characters) of an identity (64 lower hex) and the event's time in milliseconds: whole seconds of the time, then
 * the identity's first 16 bytes. The same identity and second always give the same text.
 *
 * @throws {RangeError} for a malformed identity or a time that KSUIDs cannot hold.
 * @see https://github.com/segmentio/ksuid
 */
export function deterministicKsuid(identity: string, timeMs: number): string {
	if (!(timeMs >= KSUID_EPOCH_MS && timeMs < KSUID_LAST_MS + 1000)) {
		throw new RangeError(`A KSUID cannot hold the time ${timeMs}.`);
	}
	const wholeSecondsMs = Math.floor(timeMs / 1000) * 1000;
	return KSUID.fromParts(wholeSecondsMs, first16BytesOf(identity)).string;
}

/**
 * The UUID (36 characters) of an identity: its first 16 bytes with version 8 and the variant of RFC 9562, section 5.8.
 *
 * @throws {RangeError} for a malformed identity.
 */
export function uuidV8(identity: string): string {
	const bytes = first16BytesOf(identity);
	bytes[6] = (bytes[6]! & 0x0f) | 0x80;
	bytes[8] = (bytes[8]! & 0x3f) | 0x80;
	return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function first16BytesOf(identity: string): Buffer {
	if (!IDENTITY.test(identity)) throw new RangeError('An identity is 64 lower hexadecimal digits.');
	return Buffer.from(identity.slice(0, 32), 'hex');
}
