import type { NameNote } from '../../core/store';
import type { Keys } from './keys';
import type { Client } from './scripts';

/** What people call namespaces: a key for each, which ends by itself. */
export async function noteName(
	client: Pick<Client, 'time' | 'hset' | 'pexpireat'>,
	keys: Keys,
	{ namespace, name, lifetimeMs }: NameNote,
): Promise<void> {
	const [seconds] = await client.time();
	const key = keys.name(namespace);
	await client.hset(key, 'name', name);
	await client.pexpireat(key, Number(seconds) * 1000 + lifetimeMs);
}

export async function namesOf(
	client: Pick<Client, 'hget'>,
	keys: Keys,
	namespaces: readonly string[],
): Promise<Map<string, string>> {
	const names = new Map<string, string>();
	const found = await Promise.all(
		namespaces.map(async (namespace) => await client.hget(keys.name(namespace), 'name')),
	);
	for (const [i, namespace] of namespaces.entries()) {
		const name = found[i];
		if (typeof name === 'string') names.set(namespace, name);
	}
	return names;
}
