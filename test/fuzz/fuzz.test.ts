import { RedisServer } from '../support/redis-server';
import { fuzz } from './fuzz';
import { keyProperties } from './keys';
import type { FuzzProperty } from './property';
import { sealedProperties } from './sealed';
import { workflowProperties } from './workflows';

/** The properties of `npm run fuzz`, for one round each. */

async function oneRound(each: FuzzProperty): Promise<void> {
	const { report, failure } = await fuzz([each], { seed: 1, seconds: 0 });
	expect(failure).toBeNull();
	expect(report).toMatchObject({ cases: each.cases, crashes: 0, leaks: 0 });
}

test.each([...keyProperties, ...sealedProperties].map((each) => [each.name, each] as const))(
	'%s',
	async (_name, each) => await oneRound(each),
);

test('Guard and Commit on both stores', async () => {
	const server = await RedisServer.start();
	try {
		for (const each of workflowProperties(server)) await oneRound(each);
	} finally {
		await server.stop();
	}
});
