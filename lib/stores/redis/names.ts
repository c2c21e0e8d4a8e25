import type { Reply } from '../../core/reply';
import type { NameNote } from '../../core/store';
import type { RedisCalls } from './redis-calls';

/** What people call namespaces: a key for each, which ends by itself. */
export async function noteName(
	calls: RedisCalls,
	{ namespace, name, lifetimeMs }: NameNote,
): Promise<Reply<null>> {
	return await calls.askAlone(async (client) => {
		const [seconds] = await client.time();
		const key = calls.keys.name(namespace);
		await client.hset(key, 'name', name);
		await client.pexpireat(key, Number(seconds) * 1000 + lifetimeMs);
		return { micros: 0, answer: null };
	});
}

export async function namesOf(
	calls: RedisCalls,
	namespaces: readonly string[],
): Promise<Reply<ReadonlyMap<string, string>>> {
	return await calls.askAlone(async (client) => {
		const found = await Promise.all(
			namespaces.map(async (namespace) => await client.hget(calls.keys.name(namespace), 'name')),
		);
		const known = namespaces.flatMap((namespace, i) => {
			const name = found[i];
			return typeof name === 'string' ? [[namespace, name] as const] : [];
		});
		return { micros: 0, answer: new Map(known) };
	});
}
