import { type Read, readParts, refused } from '../address-parts';

/** Where a Redis is, as a person writes it down. It may hold a password: nothing of it is ever quoted. */
export interface Address {
	readonly host: string;
	readonly port: number | undefined;
	readonly user: string;
	readonly password: string;
	/** Undefined where the address names none. */
	readonly database: number | undefined;
	/** True for `rediss://`, false for `redis://`, undefined without a scheme. */
	readonly tls: boolean | undefined;
}

/** Whether a scheme means TLS. */
const SCHEMES = new Map([
	['redis', false],
	['rediss', true],
	['valkey', false],
	['valkeys', true],
]);

/**
 * Understands `redis-1`, `redis-1:6380`, `::1`, `[::1]:6380`, `user:password@redis-1`, and what providers show:
 * `rediss://user:password@redis-1:6380/0`.
 */
export function readAddress(text: string): Read<Address> {
	const trimmed = text.trim();
	if (trimmed === '') return refused('is empty');
	if (/\s/.test(trimmed)) {
		return refused('has a blank in it: write the address alone, and a blank in a password as %20');
	}
	if (/^(unix:)?\//.test(trimmed))
		return refused('is the path of a socket: only hosts are known here');
	const [, scheme, rest = trimmed] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(trimmed) ?? [];
	if (scheme === undefined) return readRest(rest, undefined);
	const tls = SCHEMES.get(scheme.toLowerCase());
	if (tls !== undefined) return readRest(rest, tls);
	return refused(
		/^https?$/i.test(scheme)
			? 'holds the address of a web page: take the one that begins with redis:// or rediss://, or the host alone'
			: 'begins with a scheme that is neither redis:// nor rediss://: write the host alone',
	);
}

function readRest(text: string, tls: boolean | undefined): Read<Address> {
	const parts = readParts(text);
	if (!parts.ok) return parts;
	const { path, ...address } = parts.value;
	if (!/^(\/\d{0,6})?$/.test(path)) {
		return refused(
			'has more behind the host than a port and the number of a database: remove it, and use the fields of the credential',
		);
	}
	const database = path.length > 1 ? Number(path.slice(1)) : undefined;
	return { ok: true, value: { ...address, database, tls } };
}
