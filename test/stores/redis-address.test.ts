import fc from 'fast-check';

import { StoreError } from '../../lib/core/reply';
import type { GivenRedis } from '../../lib/stores/redis';
import { redisOptionsFrom } from '../../lib/stores/redis';
import { refusalOf } from './address-refusal';

/** What people write into "Host" and "Nodes": taken apart and used, or refused without being shown. */

const GIVEN: GivenRedis = {
	deployment: 'standalone',
	host: 'redis-1',
	port: 6379,
	nodes: '',
	sentinelName: 'mymaster',
	sentinelUser: '',
	sentinelPassword: '',
	user: '',
	password: '',
	database: 0,
	tls: undefined,
	keyPrefix: 'idem',
};
const options = (over: Partial<GivenRedis>) => redisOptionsFrom({ ...GIVEN, ...over });
const refusalWith = (over: Partial<GivenRedis>) => refusalOf(() => options(over));

it.each([
	['redis-1', { host: 'redis-1', port: 6379 }],
	['  redis-1\t', { host: 'redis-1', port: 6379 }],
	['', { host: 'localhost', port: 6379 }],
	['redis-1:6380', { host: 'redis-1', port: 6380 }],
	['10.0.0.7:6380', { host: '10.0.0.7', port: 6380 }],
	['::1', { host: '::1', port: 6379 }],
	['[::1]', { host: '::1', port: 6379 }],
	['[2001:db8::7]:6380', { host: '2001:db8::7', port: 6380 }],
	['redis://redis-1', { host: 'redis-1', port: 6379, tls: undefined }],
	['REDISS://redis-1:6380/', { host: 'redis-1', port: 6380, tls: {} }],
	['valkeys://redis-1', { host: 'redis-1', tls: {} }],
	['rediss://[::1]:6380/3', { host: '::1', port: 6380, database: 3, tls: {} }],
	['redis://default:pa%20ss@redis-1/2', { user: 'default', password: 'pa ss', database: 2 }],
	['redis://:p@ss/w?o#r:d@redis-1:1', { user: '', password: 'p@ss/w?o#r:d', port: 1 }],
	['user:secret@redis-1:6380', { host: 'redis-1', port: 6380, user: 'user', password: 'secret' }],
])('"%s" in "Host" is understood', (host, expected) => {
	expect(options({ host })).toMatchObject(expected);
});

it.each([
	['https://secret.example.com', 'web page'],
	['mysql://user:secret@redis-1', 'neither redis:// nor rediss://'],
	['redis-cli -u redis://:secret@redis-1', 'blank'],
	['redis://secret@redis-1', 'one word before the @'],
	['redis://:sec%ret@redis-1', '%25'],
	['redis://:secret@redis-1:70000', '65535'],
	['redis://:secret@redis-1:6379/0?x=1', 'more behind the host'],
	['redis://:secret@redis-1/mymaster', 'more behind the host'],
	['redis://:secret@', 'is not a host'],
	['secret!', 'is not a host'],
	['/var/run/secret.sock', 'path of a socket'],
	['unix:///var/run/secret.sock', 'path of a socket'],
])('"%s" in "Host" is refused and not shown', (host, words) => {
	const refusal = refusalWith({ host });
	expect(refusal).toContain('"Host"');
	expect(refusal).toContain(words);
	expect(refusal).not.toContain('secret');
});

it.each([
	['two ports', { host: 'redis-1:6380', port: 6381 }],
	['two users', { host: 'redis://one:secret@redis-1', user: 'two' }],
	['two passwords', { host: 'redis://:secret@redis-1', password: 'secret too' }],
	['two databases', { host: 'redis://:secret@redis-1/1', database: 2 }],
	['a port that is none', { port: Number.NaN }],
	['a database that is none', { database: -1 }],
	['no nodes', { deployment: 'cluster' as const, nodes: ' , ' }],
	['a database in a cluster', { deployment: 'cluster' as const, nodes: 'redis://a:7000/1' }],
	['a login at a sentinel', { deployment: 'sentinel' as const, nodes: 'redis://:secret@a' }],
	[
		'nodes that differ',
		{ deployment: 'cluster' as const, nodes: 'redis://:secret@a,redis://:b@b' },
	],
	['a certificate without its key', { tls: { cert: 'secret' } }],
	['a certificate that is no PEM', { tls: { ca: 'secret' } }],
])('%s are refused and not shown', (_, over) => {
	expect(refusalWith(over)).not.toContain('secret');
});

it('the same said twice is said once', () => {
	expect(
		options({
			host: 'redis://u:p@redis-1:6380/1',
			port: 6380,
			user: 'u',
			password: 'p',
			database: 1,
		}),
	).toMatchObject({ host: 'redis-1', port: 6380, user: 'u', password: 'p', database: 1 });
});

it('a list of nodes may be of addresses too, and has the usual ports', () => {
	expect(
		options({
			deployment: 'cluster',
			nodes: 'rediss://u:p@a:7000, rediss://u:p@b:7001;c\n[::1]:1',
		}),
	).toMatchObject({
		nodes: [
			{ host: 'a', port: 7000 },
			{ host: 'b', port: 7001 },
			{ host: 'c', port: 6379 },
			{ host: '::1', port: 1 },
		],
		user: 'u',
		password: 'p',
		tls: {},
	});
	expect(options({ deployment: 'sentinel', nodes: 'a,b:5000' }).nodes).toEqual([
		{ host: 'a', port: 26379 },
		{ host: 'b', port: 5000 },
	]);
	expect(refusalWith({ deployment: 'cluster', nodes: 'a:7000,redis://secret@b' })).toContain(
		'Entry 2',
	);
});

it('PEM that lost its line breaks is mended', () => {
	const pem = '-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n';
	for (const typed of [pem, pem.replaceAll('\n', ' '), pem.replaceAll('\n', '\\n'), `  ${pem}`]) {
		expect(options({ tls: { ca: typed } }).tls?.ca).toBe(pem);
	}
});

it('no text in "Host" or "Nodes" is ever shown by a refusal', () => {
	const secret = 'hunter2secret';
	const around = fc.string({ unit: fc.constantFrom(...'abc:/@?#[]%. ,;=-'), maxLength: 12 });
	fc.assert(
		fc.property(
			fc.constantFrom('', 'redis://', 'rediss://', 'http://', 'redis:/', 'x://'),
			around,
			around,
			fc.constantFrom('standalone' as const, 'cluster' as const, 'sentinel' as const),
			(scheme, before, after, deployment) => {
				const text = `${scheme}${before}:${secret}${after}@`;
				try {
					options({ deployment, host: text, nodes: text });
				} catch (error) {
					expect((error as StoreError).problem).toBe('configuration');
					expect((error as StoreError).message).not.toContain(secret);
				}
			},
		),
		{ numRuns: 2_000 },
	);
});
