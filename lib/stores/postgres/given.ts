import { StoreError } from '../../core/reply';
import { isPort } from '../address-parts';
import { tlsFieldsIn } from '../pem';
import { type Address, readAddress } from './address';
import type { PostgresOptions } from './options';

const DEFAULT_PORT = 5_432;
const DEFAULT_DATABASE = 'postgres';

/**
 * What a person gave as the place of a PostgreSQL and the way in: "Host" may bring port, user, password, database and TLS.
 *
 * @throws StoreError `configuration`, in words that quote nothing of an address: it may hold a password.
 */
export function postgresOptionsFrom(given: PostgresOptions): PostgresOptions {
	const address = addressIn(given.host);
	const { host, tls } = address;
	return {
		...given,
		host,
		port: portOf(given, address),
		database: databaseOf(given, address),
		user: oneOf('User', given.user.trim(), address.user),
		password: oneOf('Password', given.password, address.password),
		tls: given.tls ? tlsFieldsIn(given.tls, wrong) : tls === true ? {} : undefined,
	};
}

function addressIn(host: string): Address {
	const read = readAddress(host.trim() || 'localhost');
	if (read.ok) return read.value;
	throw wrong(`"Host" ${read.problem} (what stands there is not shown: it may hold a password)`);
}

function portOf({ port }: PostgresOptions, { port: named }: Address): number {
	if (!isPort(port)) throw wrong('"Port" is not a number from 1 to 65535');
	if (named !== undefined && named !== port && port !== DEFAULT_PORT) {
		throw wrong('"Host" names another port than "Port": leave it in one of them');
	}
	return named ?? port;
}

function databaseOf({ database }: PostgresOptions, { database: named }: Address): string {
	const inField = database.trim();
	return named !== '' && (inField === '' || inField === DEFAULT_DATABASE)
		? named
		: oneOf('Database', inField, named) || DEFAULT_DATABASE;
}

/** What a field and the address say alike. */
function oneOf(field: string, inField: string, inAddress: string): string {
	if (inField !== '' && inAddress !== '' && inField !== inAddress) {
		throw wrong(`"${field}" and "Host" say different things: leave it in one of them`);
	}
	return inField || inAddress;
}

function wrong(words: string): StoreError {
	return new StoreError('configuration', `The credential can't be used: ${words}`, {
		advice: 'Correct it in the credential "Idempotency PostgreSQL API".',
	});
}
