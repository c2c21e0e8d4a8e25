import { attemptAsync } from '../../core/attempt';
import type { StoreError } from '../../core/reply';
import { causeOfServer } from './cause-of-server';
import { causeInTls, takesTls } from './cause-in-tls';
import { within } from './connection';
import { causeOf, storeErrorOf } from './errors';
import type { PlainAnswer } from './first-bytes';
import { askPlain } from './first-bytes';
import type { RedisNode, RedisOptions } from './options';
import { CAUSE_LIMIT_MS, addressOf, nodeOf, nodesOf } from './options';

const EACH_MS = CAUSE_LIMIT_MS / 2;
const MOST_NODES = 5;

const OTHER_PORT = 'Check host and port in the credential: that of Redis is 6379 unless changed.';
const SPEAKS_PLAIN =
	'Turn "Use TLS" off (and write redis:// instead of rediss://), or take the port on which Redis speaks TLS.';
const SPEAKS_TLS = 'Turn "Use TLS" on, or write the address as rediss://.';

/**
 * Why `options` lead to no usable connection, found by a plain connection to one of the nodes: ioredis has the same words for most
 * causes. What is not found stays as it was said. Never rejects; ends within CAUSE_LIMIT_MS.
 *
 * @param error as Node.js or Redis said it
 */
export async function findCause(options: RedisOptions, error: unknown): Promise<StoreError> {
	const found = await attemptAsync(
		async () => await within(lookAround(options), CAUSE_LIMIT_MS, 'connect'),
	);
	const said = storeErrorOf(error, addressOf(options));
	// A server whose cluster is down can't be asked however it is reached: waiting helps, another setting does not.
	if (said.problem === 'cluster_down' && options.deployment !== 'cluster') return said;
	return (found.ok ? found.value : undefined) ?? said;
}

async function lookAround(options: RedisOptions): Promise<StoreError | undefined> {
	const nodes = nodesOf(options).slice(0, MOST_NODES);
	const answers = await Promise.all(nodes.map(async (node) => await askPlain(node, EACH_MS)));
	const at = answers.findIndex(({ kind }) => kind !== 'nobody');
	const [node, answer] = [nodes[Math.max(at, 0)], answers[Math.max(at, 0)]];
	if (node === undefined || answer === undefined) return undefined;
	if (answer.kind === 'nobody') return storeErrorOf(answer.error, addressOf(options));
	return (
		(await causeAtPort(options, node, answer)) ??
		(await causeOfServer(options, node, async (other) => await causeOnTheWay(options, other)))
	);
}

/** Why a node that a cluster or a sentinel named can't be talked to. */
async function causeOnTheWay(
	options: RedisOptions,
	node: RedisNode,
): Promise<StoreError | undefined> {
	const answer = await askPlain(node, EACH_MS);
	if (answer.kind === 'nobody') return storeErrorOf(answer.error, nodeOf(node));
	return await causeAtPort(options, node, answer);
}

/** Whether what answers there is Redis, and speaks TLS or not, as the credential says. */
async function causeAtPort(
	{ tls }: RedisOptions,
	node: RedisNode,
	answer: PlainAnswer,
): Promise<StoreError | undefined> {
	const at = nodeOf(node);
	switch (answer.kind) {
		case 'web':
			return causeOf(
				'configuration',
				`What answers at ${at} is a web server, not Redis`,
				OTHER_PORT,
			);
		case 'other':
			return causeOf('configuration', `What answers at ${at} is not Redis`, OTHER_PORT);
		case 'redis':
			if (tls !== undefined) {
				return causeOf('tls', `Redis at ${at} does not speak TLS on this port`, SPEAKS_PLAIN);
			}
			return /^(PONG|NOAUTH)/.test(answer.line)
				? undefined
				: storeErrorOf(new Error(answer.line), at);
		default:
			if (tls !== undefined) return await causeInTls(node, tls, EACH_MS);
			return (await takesTls(node, EACH_MS))
				? causeOf('tls', `Redis at ${at} speaks only TLS on this port`, SPEAKS_TLS)
				: undefined;
	}
}
