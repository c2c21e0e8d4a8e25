import { attempt } from '../../core/attempt';
import { type Read, readParts, refused } from '../address-parts';

/** Where a PostgreSQL is, as a person writes it down. It may hold a password: nothing of it is ever quoted. */
export interface Address {
	/** Or the folder of a socket. */
	readonly host: string;
	readonly port: number | undefined;
	readonly user: string;
	readonly password: string;
	/** Empty where the address names none. */
	readonly database: string;
	/** By `sslmode`; undefined without one. */
	readonly tls: boolean | undefined;
}

/** https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION: TLS is used, or it is not; it is never left open here. */
const SSL_MODES = new Map([
	['disable', false],
	['allow', false],
	['prefer', true],
	['require', true],
	['verify-ca', true],
	['verify-full', true],
]);

/**
 * Understands `db-1`, `db-1:5433`, `::1`, `[::1]:5433`, `user:password@db-1`, `/var/run/postgresql`, and what providers show:
 * `postgres://user:password@db-1:5432/n8n?sslmode=require`.
 */
export function readAddress(text: string): Read<Address> {
	const trimmed = text.trim();
	if (trimmed === '') return refused('is empty');
	if (/\s/.test(trimmed)) {
		return refused('has a blank in it: write the address alone, and a blank in a password as %20');
	}
	if (/^\/[\w./-]*$/.test(trimmed)) {
		const socket = { port: undefined, user: '', password: '', database: '', tls: undefined };
		return { ok: true, value: { host: trimmed, ...socket } };
	}
	const [, scheme, rest = trimmed] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(trimmed) ?? [];
	if (scheme !== undefined && !/^postgres(ql)?$/i.test(scheme)) {
		return refused('begins with a scheme that is not postgres://: write the host alone');
	}
	const parts = readParts(rest);
	if (!parts.ok) return parts;
	const { path, ...address } = parts.value;
	const [isRead, named = '', query = ''] = /^(?:\/([^/?#]*))?(?:\?([^#]*))?$/.exec(path) ?? [];
	const database = attempt(() => decodeURIComponent(named));
	const tls = tlsIn(query);
	if (isRead === undefined || !database.ok || tls === null) {
		return refused(
			'has more behind the host than a port, a database and sslmode: remove it, and use the fields of the credential',
		);
	}
	return { ok: true, value: { ...address, database: database.value, tls } };
}

/** Null where it says something that would not be done. */
function tlsIn(query: string): boolean | undefined | null {
	let tls: boolean | undefined;
	for (const [name, value] of new URLSearchParams(query)) {
		// Is used where the server offers it.
		if (name === 'channel_binding') continue;
		const known = name === 'sslmode' ? SSL_MODES.get(value) : undefined;
		if (known === undefined) return null;
		tls = known;
	}
	return tls;
}
