import fc from 'fast-check';

import { StoreError } from '../../lib/core/reply';
import { type PostgresOptions, postgresOptionsFrom } from '../../lib/stores/postgres';
import { refusalOf } from './address-refusal';

/** What people paste into "Host" of the credential: it is taken apart and used, or refused and never shown. */

const GIVEN: PostgresOptions = {
	host: 'localhost',
	port: 5432,
	database: 'postgres',
	user: '',
	password: '',
};
const options = (over: Partial<PostgresOptions>) => postgresOptionsFrom({ ...GIVEN, ...over });
const refusalWith = (over: Partial<PostgresOptions>) => refusalOf(() => options(over));

it.each([
	['db-1', { host: 'db-1', port: 5432, database: 'postgres', tls: undefined }],
	['  db-1\t', { host: 'db-1' }],
	['', { host: 'localhost' }],
	['db_1.internal', { host: 'db_1.internal' }],
	['db-1:5433', { host: 'db-1', port: 5433 }],
	['::1', { host: '::1', port: 5432 }],
	['[2001:db8::7]:5433', { host: '2001:db8::7', port: 5433 }],
	['/var/run/postgresql', { host: '/var/run/postgresql' }],
	['postgres://db-1', { host: 'db-1', database: 'postgres' }],
	['PostgreSQL://db-1:5433/', { host: 'db-1', port: 5433, database: 'postgres' }],
	['postgres://u:pa%20ss@db-1/n8n', { user: 'u', password: 'pa ss', database: 'n8n' }],
	['postgres://u:p@ss/w?o#r:d@db-1:1/my%20db', { password: 'p@ss/w?o#r:d', database: 'my db' }],
	['user:secret@db-1:5433', { host: 'db-1', port: 5433, user: 'user', password: 'secret' }],
	['postgres://u:p@db-1/n8n?sslmode=require', { database: 'n8n', tls: {} }],
	['postgres://u:p@db-1/n8n?sslmode=require&channel_binding=require', { tls: {} }],
	['postgres://u:p@db-1?sslmode=disable', { host: 'db-1', tls: undefined }],
])('"%s" in "Host" is understood', (host, expected) => {
	expect(options({ host })).toMatchObject(expected);
});

it.each([
	['https://secret.example.com', 'not postgres://'],
	['mysql://user:secret@db-1', 'not postgres://'],
	['jdbc:postgresql://db-1:5432/n8n?user=a&password=secret', 'not a host'],
	['psql postgres://u:secret@db-1', 'blank'],
	['postgres://secret@db-1', 'one word before the @'],
	['postgres://u:sec%ret@db-1', '%25'],
	['postgres://u:secret@db-1:70000', '65535'],
	['postgres://u:secret@one:5432,two:5432/n8n', 'not a host'],
	['postgres://db-1/n8n?password=secret', 'more behind the host'],
	['postgres://u:secret@db-1/n8n?options=-csearch_path%3Da', 'more behind the host'],
	['postgres://u:secret@db-1/a/b', 'more behind the host'],
	['postgres://u:secret@', 'is not a host'],
	['secret!', 'is not a host'],
])('"%s" in "Host" is refused and not shown', (host, words) => {
	const refusal = refusalWith({ host });
	expect(refusal).toContain('"Host"');
	expect(refusal).toContain(words);
	expect(refusal).not.toContain('secret');
});

it.each([
	['two ports', { host: 'db-1:5433', port: 5434 }],
	['two users', { host: 'postgres://one:secret@db-1', user: 'two' }],
	['two passwords', { host: 'postgres://u:secret@db-1', password: 'secret too' }],
	['two databases', { host: 'postgres://u:secret@db-1/one', database: 'two' }],
	['a port that is none', { port: Number.NaN }],
])('%s are refused and not shown', (_, over) => {
	expect(refusalWith(over)).not.toContain('secret');
});

it('the same said twice is said once, and TLS of the fields stays', () => {
	const host = 'postgres://u:p@db-1:5433/n8n?sslmode=disable';
	const fields = {
		port: 5433,
		user: 'u',
		password: 'p',
		database: 'n8n',
		tls: { servername: 'db-1.internal' },
	};
	expect(options({ host, ...fields })).toMatchObject({ host: 'db-1', ...fields });
});

it('no text in "Host" is ever shown by a refusal', () => {
	const secret = 'hunter2secret';
	const around = fc.string({ unit: fc.constantFrom(...'abc:/@?#[]%. ,;=-'), maxLength: 12 });
	fc.assert(
		fc.property(
			fc.constantFrom('', 'postgres://', 'postgresql://', 'jdbc:postgresql://', 'x://'),
			around,
			around,
			(scheme, before, after) => {
				const host = `${scheme}${before}:${secret}${after}@`;
				try {
					expect(options({ host: `${host}db-1` }).host).not.toContain(secret);
				} catch (error) {
					if (!(error instanceof StoreError)) throw error;
					expect(error.message).not.toContain(secret);
				}
			},
		),
	);
});
