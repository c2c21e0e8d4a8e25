import { attemptAsync } from '../../core/attempt';
import type { StoreError } from '../../core/reply';
import { connect, within } from './connection';
import { causeOf, storeErrorOf } from './errors';
import type { RedisNode, RedisOptions } from './options';
import { CAUSE_LIMIT_MS, nodeOf } from './options';
import type { Client } from './scripts';

const SLOTS = 16_384;
const MOST_NODES = 6;

/** Why a node that the cluster or the sentinels named can't be talked to; undefined where it can. */
type CauseOnTheWay = (node: RedisNode) => Promise<StoreError | undefined>;

/** What is wrong with a server that can be talked to: who may enter, what it is, and whom it names. */
export async function causeOfServer(
	options: RedisOptions,
	node: RedisNode,
	causeOnTheWay: CauseOnTheWay,
): Promise<StoreError | undefined> {
	const { deployment } = options;
	const isSentinel = deployment === 'sentinel';
	const entered = await attemptAsync(async () => await connect(alone(options, node, isSentinel)));
	if (!entered.ok) return refusedAt(node, entered.error, isSentinel);
	const client = entered.value;
	const ask = async () =>
		(await causeOfMode(client, deployment, node)) ??
		(deployment === 'cluster' ? await causeInCluster(client, node, causeOnTheWay) : undefined) ??
		(isSentinel ? await causeAtSentinel(client, options, node, causeOnTheWay) : undefined);
	// Bounded here: an answer that never comes would keep the connection open for ever.
	const asked = await attemptAsync(async () => await within(ask(), CAUSE_LIMIT_MS, 'command'));
	client.disconnect();
	return asked.ok ? asked.value : refusedAt(node, asked.error, isSentinel);
}

function refusedAt(node: RedisNode, error: unknown, isSentinel: boolean): StoreError {
	const refused = storeErrorOf(error, nodeOf(node));
	if (!isSentinel || refused.problem !== 'authentication') return refused;
	return causeOf(
		'authentication',
		`The sentinel at ${nodeOf(node)} asks for another user or password`,
		'Check "Sentinel User" and "Sentinel Password" in the credential: "User" and "Password" are for the primary.',
	);
}

function alone(
	options: RedisOptions,
	{ host, port }: RedisNode,
	asSentinel: boolean,
): RedisOptions {
	const { sentinelUser, sentinelPassword } = options;
	const login = asSentinel ? { user: sentinelUser, password: sentinelPassword } : {};
	return { ...options, deployment: 'standalone', host, port, database: 0, ...login };
}

const CALLED = { standalone: 'Standalone', sentinel: 'Sentinel', cluster: 'Cluster' } as const;

/** Whether it is what the credential says. Who may not run INFO is asked nothing else. */
async function causeOfMode(
	client: Client,
	deployment: RedisOptions['deployment'],
	node: RedisNode,
): Promise<StoreError | undefined> {
	const info = await client.info('server').catch(() => '');
	const mode = /^(?:redis|server)_mode:(\w+)/m.exec(info)?.[1];
	if (mode !== 'standalone' && mode !== 'sentinel' && mode !== 'cluster') return undefined;
	if (mode === deployment) return undefined;
	const is = {
		standalone: deployment === 'sentinel' ? 'a server and not a sentinel' : 'not part of a cluster',
		sentinel: 'a sentinel, which keeps no data',
		cluster: 'part of a cluster',
	}[mode];
	return causeOf(
		'configuration',
		`Redis at ${nodeOf(node)} is ${is}`,
		deployment === 'sentinel'
			? `Name the sentinels in "Nodes" (their port is 26379 unless changed), or set "Deployment" to ${CALLED[mode]}.`
			: `Set "Deployment" in the credential to ${CALLED[mode]}.`,
	);
}

async function causeInCluster(
	client: Client,
	node: RedisNode,
	causeOnTheWay: CauseOnTheWay,
): Promise<StoreError | undefined> {
	const at = nodeOf(node);
	const [info, slots] = [
		await client.call('CLUSTER', 'INFO'),
		await client.call('CLUSTER', 'SLOTS'),
	];
	const served = Number(/cluster_slots_ok:(\d+)/.exec(String(info))?.[1] ?? SLOTS);
	if (served < SLOTS) {
		return causeOf(
			'cluster_down',
			`${SLOTS - served} of the ${SLOTS} slots of the cluster at ${at} have no node that serves them`,
			`Ask "redis-cli --cluster check ${at}" which. Nothing is checked until they are served.`,
		);
	}
	for (const named of nodesIn(slots).slice(0, MOST_NODES)) {
		const cause = await causeOnTheWay(named);
		if (cause !== undefined) {
			return causeOf(
				cause.problem,
				`The cluster at ${at} names ${nodeOf(named)} as one of its nodes. ${cause.message}`,
				`${cause.advice} n8n has to reach each node by the address that it announces (cluster-announce-ip, cluster-announce-hostname).`,
			);
		}
	}
	return undefined;
}

/** The primaries in the answer to CLUSTER SLOTS: first slot, last slot, [host, port, id, …], replicas … */
function nodesIn(slots: unknown): RedisNode[] {
	const nodes = new Map<string, RedisNode>();
	for (const range of Array.isArray(slots) ? (slots as unknown[][]) : []) {
		const [host, port] = (range[2] ?? []) as unknown[];
		if (typeof host !== 'string' || host === '') continue;
		const node = { host, port: Number(port) };
		nodes.set(nodeOf(node), node);
	}
	return [...nodes.values()];
}

async function causeAtSentinel(
	client: Client,
	options: RedisOptions,
	node: RedisNode,
	causeOnTheWay: CauseOnTheWay,
): Promise<StoreError | undefined> {
	const at = nodeOf(node);
	const named = await client.call(
		'SENTINEL',
		'GET-MASTER-ADDR-BY-NAME',
		options.sentinelName ?? '',
	);
	if (!Array.isArray(named)) {
		const others = (await client.call('SENTINEL', 'MASTERS').catch(() => [])) as unknown[][];
		const names = others.map((fields) => `"${String(fields[fields.indexOf('name') + 1])}"`);
		return causeOf(
			'configuration',
			`The sentinel at ${at} knows no primary by the name in "Sentinel Name"; it knows ${names.join(', ') || 'none'}`,
			'Correct "Sentinel Name" in the credential.',
		);
	}
	const primary = { host: String(named[0]), port: Number(named[1]) };
	const cause =
		(await causeOnTheWay(primary)) ??
		(await causeOfServer({ ...options, deployment: 'standalone' }, primary, causeOnTheWay));
	if (cause === undefined) return undefined;
	return causeOf(
		cause.problem,
		`The sentinel at ${at} names ${nodeOf(primary)} as the primary. ${cause.message}`,
		cause.advice,
	);
}
