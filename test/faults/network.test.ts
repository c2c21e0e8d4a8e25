import { openRedisStore } from '../../lib/stores/redis';
import { RedisServer } from '../support/redis-server';
import { answered, claimRequest, fenceOf, finishOf, freshIdentity } from '../support/requests';
import { type Fate, TcpProxy } from '../support/tcp-proxy';
import { QUICK_TIMEOUTS, meetFault, redisAt } from './fault-run';

/** A network that loses, cuts, holds up and swallows what workers and Redis say to each other. */

let server: RedisServer;
let proxy: TcpProxy;
beforeAll(async () => {
	server = await RedisServer.start();
});
beforeEach(async () => {
	proxy = await TcpProxy.start(server.port);
});
afterEach(async () => await proxy.stop());
afterAll(async () => await server.stop());

const FAULTS: Array<[string, 'fateOfRequest' | 'fateOfReply', Fate]> = [
	['requests lost, connection cut', 'fateOfRequest', 'drop'],
	['half a request, then a cut', 'fateOfRequest', 'half'],
	['requests held up for longer than the time limit', 'fateOfRequest', 'late'],
	['requests accepted and never answered', 'fateOfRequest', 'keep'],
	['replies lost, connection cut', 'fateOfReply', 'drop'],
	['half a reply, then a cut', 'fateOfReply', 'half'],
	['replies held up for longer than the time limit', 'fateOfReply', 'late'],
	['replies swallowed', 'fateOfReply', 'keep'],
];

describe('a network with', () => {
	it.each(FAULTS)('%s', async (name, direction, fate) => {
		const keyPrefix = `network-${direction}-${fate}`;
		const store = redisAt(proxy.port, { keyPrefix });
		const looksBy = redisAt(server.port, { keyPrefix });
		await meetFault({ name, store, looksBy, leaseMs: 1_000 }, async (run) => {
			proxy[direction] = () => (run.random() < 0.15 ? fate : 'pass');
			proxy.lateMs = QUICK_TIMEOUTS.commandMs * 1.5;
			await run.storm({ tries: 4, waitMs: 20 });
			expect(proxy.harmed).toBeGreaterThan(5);
		});
	});
});

describe('one reply that is lost', () => {
	/** Loses the next reply that holds `word`, as the server sends it. */
	const lose = (fate: Fate): void => {
		proxy.fateOfReply = () => {
			proxy.heal();
			return fate;
		};
	};

	it.each<Fate>(['drop', 'half', 'keep'])(
		'(%s) of a claim brings its owner the same claim again, of a finish the word that it is kept',
		async (fate) => {
			const store = openRedisStore({
				deployment: 'standalone',
				host: '127.0.0.1',
				port: proxy.port,
				keyPrefix: 'lost',
				timeouts: QUICK_TIMEOUTS,
			});
			const warm = claimRequest({ identity: freshIdentity(`warm ${fate}`) });
			await store.claim([warm]);

			const request = claimRequest({ identity: freshIdentity(`lost ${fate}`) });
			lose(fate);
			let reply = (await store.claim([request]))[0];
			// A reply that never comes is a time-out, which the caller answers by asking again.
			if (fate === 'keep') {
				expect(reply).toMatchObject({ ok: false, error: { problem: 'timeout' } });
				reply = (await store.claim([request]))[0];
			}
			const fence = fenceOf(reply);
			expect(answered(reply)).toMatchObject({ takeover: false, record: { attempts: 1 } });
			const [other] = await store.claim([{ ...request, owner: 'owner-b' }]);
			expect(answered(other)).toMatchObject({ reason: 'in_progress' });

			lose(fate);
			let finished = (await store.command([finishOf(request, fence)]))[0];
			if (fate === 'keep') {
				expect(finished).toMatchObject({ ok: false, error: { problem: 'timeout' } });
				finished = (await store.command([finishOf(request, fence)]))[0];
			}
			expect(answered(finished)).toMatchObject({ outcome: 'kept', state: 'completed' });
			await store.close();
		},
	);
});
