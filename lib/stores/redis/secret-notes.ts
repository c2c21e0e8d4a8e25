import type { SecretNote, SecretNotes } from '../../core/store';
import type { Client } from './scripts';

type Commands = Pick<Client, 'time' | 'zadd' | 'zrangebyscore' | 'zremrangebyscore'>;

/** The secrets that records may be of: a sorted set of their ids by the time (ms) until which a record of each may live. */
export async function secretNotes(
	client: Commands,
	name: string,
	offsetMs: number,
): Promise<SecretNotes> {
	// Asked for first: what was written before this time is seen.
	const [time, flat] = await Promise.all([
		client.time(),
		client.zrangebyscore(name, '-inf', '+inf', 'WITHSCORES'),
	]);
	const micros = microsOf(time, offsetMs);
	const notes: SecretNote[] = [];
	for (let at = 0; at + 1 < flat.length; at += 2) {
		const until = Number(flat[at + 1]);
		if (until * 1000 > micros) notes.push({ id: flat[at] ?? '', until });
	}
	return { micros, notes };
}

/** A time that was noted before is never brought forward. */
export async function noteSecret(
	client: Commands,
	name: string,
	id: string,
	lifetimeMs: number,
	offsetMs: number,
): Promise<void> {
	const now = Math.ceil(microsOf(await client.time(), offsetMs) / 1000);
	await client.zremrangebyscore(name, '-inf', now - 1);
	await client.zadd(name, 'GT', now + Math.ceil(lifetimeMs), id);
}

function microsOf([seconds, micros]: Array<string | number>, offsetMs: number): number {
	return Number(seconds) * 1_000_000 + Number(micros) + offsetMs * 1000;
}
