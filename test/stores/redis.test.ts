import { redisHarness } from './redis-harness';
import { RedisServer } from '../support/redis-server';
import { describeStore } from './suite';

let server: RedisServer;
beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());

describeStore(
	'Redis store',
	redisHarness(() => server),
);
