import { isIP } from 'node:net';

/** The parts of an address as a person writes it down. It may hold a password: nothing of it is ever quoted. */

/** `problem` ends a sentence that begins with the name of the field. */
export type Read<Value> =
	| { readonly ok: true; readonly value: Value }
	| { readonly ok: false; readonly problem: string };

const HOST_NAME = /^[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}.])?$/u;

/** `login@place/path`. No host holds an @, so that the last one ends the password, whatever is in it. */
export interface Parts {
	readonly host: string;
	readonly port: number | undefined;
	readonly user: string;
	readonly password: string;
	/** With its slash, and all that follows it. */
	readonly path: string;
}

export function readParts(text: string): Read<Parts> {
	const at = text.lastIndexOf('@');
	const login = at < 0 ? readLogin('') : readLogin(text.slice(0, at), true);
	if (!login.ok) return login;
	const [, place = '', path = ''] = /^([^/?#]*)(.*)$/.exec(text.slice(at + 1)) ?? [];
	const hostAndPort = readHost(place);
	if (!hostAndPort.ok) return hostAndPort;
	return { ok: true, value: { ...hostAndPort.value, ...login.value, path } };
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
			'is not a host, as in db.example.com, db.example.com:6380, 10.0.0.7 or [::1]:6380',
		);
	}
	if (port !== undefined && !isPort(port)) return refused('has a port that is not 1 to 65535');
	return { ok: true, value: { host, port } };
}

export function isPort(port: number): boolean {
	return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

export function refused(problem: string): { ok: false; problem: string } {
	return { ok: false, problem };
}
