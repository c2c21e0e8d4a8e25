import { StoreError } from '../../core/reply';
import { isPort } from '../address-parts';
import type { Address } from './address';
import { readAddress } from './address';
import type { RedisNode, RedisOptions, RedisTls } from './options';
import { tlsFieldsIn } from '../pem';

/** What a person gave as the place of a Redis and the way in: as typed, with addresses that may bring user, password, database, TLS. */
export interface GivenRedis {
	readonly deployment: RedisOptions['deployment'];
	/** Standalone: the field "Host". */
	readonly host: string;
	readonly port: number;
	/** Sentinel and Cluster: the field "Nodes", a list. */
	readonly nodes: string;
	readonly sentinelName: string;
	readonly sentinelUser: string;
	readonly sentinelPassword: string;
	readonly user: string;
	readonly password: string;
	readonly database: number;
	/** Undefined where TLS is not asked for in the fields; an address may ask for it. */
	readonly tls: RedisTls | undefined;
	readonly keyPrefix: string;
}

const DEFAULT_PORT = 6_379;
const SENTINEL_PORT = 26_379;

/** @throws StoreError `configuration`, in words that quote nothing of an address: it may hold a password. */
export function redisOptionsFrom(given: GivenRedis): RedisOptions {
	const { deployment, sentinelName, sentinelUser, sentinelPassword, keyPrefix } = given;
	const addresses = addressesOf(given);
	const nodes = nodesOf(given, addresses);
	const common = {
		user: oneOf('User', given.user.trim(), addresses, ({ user }) => user),
		password: oneOf('Password', given.password, addresses, ({ password }) => password),
		tls: tlsOf(given, addresses),
		keyPrefix: keyPrefix.trim(),
	};
	const database = databaseOf(given, addresses);
	switch (deployment) {
		case 'standalone':
			return { deployment, ...nodes[0], database, ...common };
		case 'cluster':
			return { deployment, nodes, ...common };
		case 'sentinel':
			return {
				deployment,
				nodes,
				sentinelName: sentinelName.trim(),
				sentinelUser: sentinelUser.trim(),
				sentinelPassword,
				database,
				...common,
			};
	}
}

function addressesOf({ deployment, host, nodes }: GivenRedis): Address[] {
	const standalone = deployment === 'standalone';
	const texts = standalone ? [host.trim() || 'localhost'] : nodes.split(/[\s,;]+/).filter(Boolean);
	if (texts.length === 0) throw wrong('"Nodes" is empty: name at least one, as in redis-1:6379');
	const addresses = texts.map((text, i) => {
		const read = readAddress(text);
		if (read.ok) return read.value;
		const field = standalone ? '"Host"' : `Entry ${i + 1} of "Nodes"`;
		throw wrong(
			`${field} ${read.problem} (what stands there is not shown: it may hold a password)`,
		);
	});
	if (deployment === 'sentinel' && addresses.some(({ user, password }) => user + password !== '')) {
		throw wrong(
			'"Nodes" holds a user or a password, which may be meant for the sentinels or for the primary: put them into their own fields, and leave host:port in "Nodes"',
		);
	}
	return addresses;
}

function nodesOf({ deployment, port }: GivenRedis, addresses: readonly Address[]): RedisNode[] {
	if (deployment !== 'standalone') {
		const usual = deployment === 'sentinel' ? SENTINEL_PORT : DEFAULT_PORT;
		return addresses.map((address) => ({ host: address.host, port: address.port ?? usual }));
	}
	const [{ host, port: named }] = addresses as [Address];
	if (!isPort(port)) throw wrong('"Port" is not a number from 1 to 65535');
	if (named !== undefined && named !== port && port !== DEFAULT_PORT) {
		throw wrong('"Host" names another port than "Port": leave it in one of them');
	}
	return [{ host, port: named ?? port }];
}

function databaseOf({ deployment, database }: GivenRedis, addresses: readonly Address[]): number {
	if (!Number.isInteger(database) || database < 0) {
		throw wrong('"Database Number" is not a whole number from 0');
	}
	const named = new Set(addresses.flatMap((address) => address.database ?? []));
	if (deployment !== 'cluster' && database !== 0) named.add(database);
	if (named.size > 1) throw wrong('Two numbers of a database are given: leave one');
	const [chosen = 0] = named;
	if (deployment === 'cluster' && chosen !== 0) {
		throw wrong('A Redis Cluster has database 0 only: remove the number behind the address');
	}
	return chosen;
}

function tlsOf({ tls }: GivenRedis, addresses: readonly Address[]): RedisTls | undefined {
	if (tls === undefined) return addresses.some((address) => address.tls === true) ? {} : undefined;
	return tlsFieldsIn(tls, wrong);
}

/** What a field and the addresses say alike. */
function oneOf(
	field: string,
	inField: string,
	addresses: readonly Address[],
	inAddress: (address: Address) => string,
): string {
	const given = new Set([inField, ...addresses.map(inAddress)].filter((text) => text !== ''));
	if (given.size > 1) {
		throw wrong(`"${field}" and the addresses say different things: leave it in one of them`);
	}
	return [...given][0] ?? '';
}

const CORRECT = 'Correct it in the credential "Idempotency Redis API".';

function wrong(words: string): StoreError {
	return new StoreError('configuration', `The credential can't be used: ${words}`, {
		advice: CORRECT,
	});
}
