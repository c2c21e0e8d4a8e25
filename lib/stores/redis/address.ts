import { isIP } from 'node:net';

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

/** `problem` ends a sentence that begins with the name of the field. */
export type Read<Value> =
	| { readonly ok: true; readonly value: Value }
	| { readonly ok: false; readonly problem: string };

/** Whether a scheme means TLS. */
const SCHEMES = new Map([
	['redis', false],
	['rediss', true],
	['valkey', false],
	['valkeys', true],
]);

const HOST_NAME = /^[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}.])?$/u;

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

/** `user:password@host:port/database`. No host holds an @, so that the last one ends the password, whatever is in it. */
function readRest(text: string, tls: boolean | undefined): Read<Address> {
	const at = text.lastIndexOf('@');
	const login = at < 0 ? readLogin('') : readLogin(text.slice(0, at), true);
	if (!login.ok) return login;
	const [, place = '', path = ''] = /^([^/?#]*)(.*)$/.exec(text.slice(at + 1)) ?? [];
	if (!/^(\/\d{0,6})?$/.test(path)) {
		return refused(
			'has more behind the host than a port and the number of a database: remove it, and use the fields of the credential',
		);
	}
	const hostAndPort = readHost(place);
	if (!hostAndPort.ok) return hostAndPort;
	const { host, port } = hostAndPort.value;
	const { user, password } = login.value;
	const database = path.length > 1 ? Number(path.slice(1)) : undefined;
	return { ok: true, value: { host, port, user, password, database, tls } };
}

function readLogin(login: string, given = false): Read<{ user: string; password: string }> {
	const colon = login.indexOf(':');
	if (given && colon < 0) {
		return refused(
			'has one word before the @, which may be a user or a password: write user:password@ or :password@',
		);
	}
	try {
		return {
			ok: true,
			value: {
				user: decodeURIComponent(login.slice(0, Math.max(colon, 0))),
				password: decodeURIComponent(login.slice(colon + 1)),
			},
		};
	} catch {
		return refused('has a % in its password that stands for nothing: write a % there as %25');
	}
}

function readHost(place: string): Read<{ host: string; port: number | undefined }> {
	if (isIP(place) === 6) return { ok: true, value: { host: place, port: undefined } };
	const [fits, bracketed, plain, digits] =
		/^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(place) ?? [];
	const host = bracketed ?? plain ?? '';
	const port = digits === undefined ? undefined : Number(digits);
	const isHost = bracketed === undefined ? HOST_NAME.test(host) : isIP(bracketed) === 6;
	if (fits === undefined || !isHost) {
		return refused(
			'is not a host, as in redis.example.com, redis.example.com:6380, 10.0.0.7 or [::1]:6380',
		);
	}
	if (port !== undefined && !isPort(port)) return refused('has a port that is not 1 to 65535');
	return { ok: true, value: { host, port } };
}

export function isPort(port: number): boolean {
	return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function refused(problem: string): { ok: false; problem: string } {
	return { ok: false, problem };
}
