/**
 * The items a run produced as the bytes a record keeps, and back. One codec byte, then the payload:
 *
 * | byte | payload |
 * | --- | --- |
 * | 0x01 | JSON text in UTF-8 |
 * | 0x02 | the same, deflated (RFC 1950): from 1 KiB, where that makes it smaller |
 * | 0x03 | JSON text that the user's own statement left in PostgreSQL, or nothing |
 * | 0x11, 0x12 | as 0x01 and 0x02, sealed (see encryption) |
 * | 0x20, 0x21, 0x22 | none: not kept by choice, too large, not serializable |
 *
 * A record without items says so in these bytes, so that a duplicate can be told why there are none.
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { LEFT_BY_SQL } from '../core/completed-in-sql';
import { attempt } from '../core/attempt';
import { seal, SEALING_BYTES, unseal } from './encryption';
import { writeRedacted } from './redaction';

export interface ResultBinary {
	/** Base64. */
	readonly data: string;
	readonly mimeType: string;
	readonly fileName?: string;
	readonly fileExtension?: string;
	readonly [more: string]: unknown;
}

export interface ResultItem {
	readonly json: { readonly [name: string]: unknown };
	readonly binary?: { readonly [name: string]: ResultBinary };
}

export interface EncodeOptions {
	/** Most bytes to store, after compression and encryption. */
	readonly maxBytes: number;
	/** Field names to remove besides the credentials' headers, at any depth, whatever the case. */
	readonly redactFields?: readonly string[];
	/** Fields named as headers with credentials are kept: whoever wrote the items has removed those headers. */
	readonly keepsNames?: boolean;
	/** The Guard's field in each item; `idempotency` unless set. */
	readonly outputField?: string;
	readonly encryption?: Encryption;
}

/** Whose the bytes are, and for what: they are unsealed for nothing else. */
export interface SealedFor {
	readonly tenant: string | null;
	readonly identity: string;
	/** See purposes.ts. */
	readonly purpose: string;
}

export interface Encryption extends SealedFor {
	/** Not empty. */
	readonly secret: string;
}

export interface DecodeEncryption extends SealedFor {
	/** The current secret, then earlier ones. */
	readonly secrets: readonly string[];
}

/** `no_items`: nothing was linked to the request when its run ended. */
export type NotStored = 'not_kept' | 'too_large' | 'unserializable' | 'no_items';

/** `bytes` are for the record in either case. */
export type EncodedResult =
	| { readonly stored: true; readonly bytes: Buffer; readonly size: number }
	| {
			readonly stored: false;
			readonly reason: NotStored;
			readonly bytes: Buffer;
			/** What it would have taken, or the size at which writing stopped; 0 where that is not known. */
			readonly size: number;
			readonly limit: number;
	  };

export type DecodedResult =
	| { readonly ok: true; readonly items: ResultItem[] }
	| { readonly ok: true; readonly items: null; readonly reason: NotStored }
	| {
			readonly ok: false;
			readonly problem: 'corrupt' | 'unknown_secret' | 'unknown_codec';
			readonly message: string;
	  };

export const DEFAULT_MAX_RESULT_BYTES = 1024 * 1024;

const PLAIN = 0x01;
const DEFLATED = 0x02;
const SEALED = 0x10;
const NOT_STORED: Readonly<Record<NotStored, number>> = {
	not_kept: 0x20,
	too_large: 0x21,
	unserializable: 0x22,
	no_items: 0x23,
};

const COMPRESS_FROM_BYTES = 1024;
const BEST_COMPRESSION = 16;
/** Bounds the text of a result, and so what decoding may inflate to. */
export const MAX_TEXT_BYTES = 32 * 1024 * 1024;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** More JSON than this is not even compressed: it would not get below `limit`. */
export function maxTextBytes(limit: number): number {
	return Math.min(limit * BEST_COMPRESSION, MAX_TEXT_BYTES);
}

/** What a record keeps in the place of items; with a secret sealed like them. */
export function withoutItems(
	reason: NotStored,
	size: number,
	limit: number,
	encryption?: Encryption,
): EncodedResult {
	const bytes = framed(NOT_STORED[reason], Buffer.alloc(0), encryption);
	return { stored: false, reason, bytes, size, limit };
}

/**
 * Redacts, writes, compresses and seals the items. Never throws because of what the items hold: the action has
 * happened, and must not run again because its answer can't be kept. Null: nothing is kept, by choice.
 */
export function encodeResult(
	items: readonly ResultItem[] | null,
	options: EncodeOptions,
): EncodedResult {
	const limit = Number.isNaN(options.maxBytes) ? DEFAULT_MAX_RESULT_BYTES : options.maxBytes;
	const none = (reason: NotStored, size: number) =>
		withoutItems(reason, size, limit, options.encryption);
	if (items === null) return none('not_kept', 0);

	const maxLength = maxTextBytes(limit);
	const written = writeRedacted(items, {
		redactFields: options.redactFields ?? [],
		keepsNames: options.keepsNames ?? false,
		outputField: options.outputField ?? 'idempotency',
		maxLength,
	});
	if (!written.ok) {
		return none(written.problem, written.problem === 'too_large' ? maxLength : 0);
	}
	const text = Buffer.from(written.text);
	if (text.length > maxLength) return none('too_large', text.length);

	const { codec, payload } = compressed(text);
	const overhead = options.encryption === undefined ? 1 : 1 + SEALING_BYTES;
	const size = payload.length + overhead;
	if (size > limit) return none('too_large', size);
	return { stored: true, bytes: framed(codec, payload, options.encryption), size };
}

/**
 * The items of a record. With `encryption`, bytes that are not sealed are refused: a record under a secret never
 * has such, so somebody else wrote them.
 */
export function decodeResult(bytes: Uint8Array, encryption?: DecodeEncryption): DecodedResult {
	const codec = bytes[0];
	if (codec === undefined) return corrupt('The stored result is empty.');
	if (codec === LEFT_BY_SQL) return leftBySql(bytes, encryption !== undefined);
	const sealed = (codec & SEALED) !== 0;
	const inner = codec & ~SEALED;
	if (inner !== PLAIN && inner !== DEFLATED && notStoredBy(inner) === undefined) {
		return {
			ok: false,
			problem: 'unknown_codec',
			message: `The stored result has the unknown format ${codec}; a newer version may have written it.`,
		};
	}
	const payload = Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.byteLength - 1);
	if (!sealed) {
		return encryption === undefined
			? contentsOf(inner, payload)
			: corrupt('The stored result is not encrypted although a secret is set.');
	}
	const { secrets = [], tenant = null, identity = '', purpose = '' } = encryption ?? {};
	const opened = unseal(payload, secrets, { tenant, identity, purpose, header: codec });
	if (opened.ok) return contentsOf(inner, opened.bytes);
	return opened.problem === 'unknown_secret'
		? {
				ok: false,
				problem: 'unknown_secret',
				message: 'The stored result is encrypted with a secret that is not among those set.',
			}
		: corrupt('The stored result or its record was changed, or it belongs to another record.');
}

/** A value that is no list counts as one item, and what is no object as its field "result". */
function leftBySql(bytes: Uint8Array, isSecret: boolean): DecodedResult {
	if (bytes.byteLength === 1) return { ok: true, items: null, reason: 'not_kept' };
	if (isSecret) return corrupt('The stored result is not encrypted although a secret is set.');
	const parsed = attempt((): unknown => JSON.parse(UTF8.decode(bytes.subarray(1))));
	if (!parsed.ok) return corrupt('The stored result cannot be read.');
	const values: unknown[] = Array.isArray(parsed.value) ? parsed.value : [parsed.value];
	return {
		ok: true,
		items: values.map((value) => ({ json: isRecord(value) ? value : { result: value } })),
	};
}

function notStoredBy(codec: number): NotStored | undefined {
	return (Object.keys(NOT_STORED) as NotStored[]).find((reason) => NOT_STORED[reason] === codec);
}

function contentsOf(codec: number, payload: Buffer): DecodedResult {
	const reason = notStoredBy(codec);
	if (reason === undefined) return itemsFrom(codec, payload);
	return payload.length === 0
		? { ok: true, items: null, reason }
		: corrupt('The stored result is longer than it should be.');
}

function compressed(text: Buffer): { codec: number; payload: Buffer } {
	if (text.length >= COMPRESS_FROM_BYTES) {
		const payload = deflateSync(text);
		if (payload.length < text.length) return { codec: DEFLATED, payload };
	}
	return { codec: PLAIN, payload: text };
}

function framed(codec: number, payload: Buffer, encryption: EncodeOptions['encryption']): Buffer {
	if (encryption === undefined) return Buffer.concat([Buffer.of(codec), payload]);
	const { secret, tenant, identity, purpose } = encryption;
	const header = codec | SEALED;
	return Buffer.concat([
		Buffer.of(header),
		seal(payload, secret, { tenant, identity, purpose, header }),
	]);
}

function itemsFrom(codec: number, payload: Buffer): DecodedResult {
	try {
		const text =
			codec === DEFLATED ? inflateSync(payload, { maxOutputLength: MAX_TEXT_BYTES }) : payload;
		const items: unknown = JSON.parse(UTF8.decode(text));
		if (Array.isArray(items) && items.every(isResultItem)) return { ok: true, items };
	} catch {
		// Neither inflates nor parses: as below.
	}
	return corrupt('The stored result cannot be read.');
}

function isResultItem(value: unknown): value is ResultItem {
	if (!isRecord(value) || !isRecord(value.json)) return false;
	return value.binary === undefined || isRecord(value.binary);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

const corrupt = (message: string): DecodedResult => ({ ok: false, problem: 'corrupt', message });
