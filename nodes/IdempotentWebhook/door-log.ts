import type { IWebhookFunctions } from 'n8n-workflow';

/** For how long one kind of message is written once. */
const QUIET_MS = 60_000;

/** Kinds of a node's messages at a time. Some name what a caller sent: however many there are, the log grows no faster. */
const MOST_KINDS = 20;

interface Muted {
	readonly untilMs: number;
	unwritten: number;
}

const muted = new Map<string, Muted>();

/**
 * Writes into n8n's log: of each kind of a node's messages one a minute, then how many more there were. A sender that tries again and
 * again, or an outage of the store, would fill the disk.
 */
export function logAtDoor(context: IWebhookFunctions, kind: string, message: string): void {
	const { id, name } = context.getNode();
	const own = `${id} ${kind}`;
	const key = muted.has(own) || kindsOf(id) < MOST_KINDS ? own : `${id} others`;
	const write = (text: string) => context.logger.error(`Idempotent Webhook "${name}": ${text}`);
	const known = muted.get(key);
	if (known !== undefined && known.untilMs > performance.now()) {
		known.unwritten++;
		return;
	}
	const mute: Muted = { untilMs: performance.now() + QUIET_MS, unwritten: 0 };
	muted.set(key, mute);
	write(message);
	setTimeout(() => {
		if (muted.get(key) === mute) muted.delete(key);
		if (mute.unwritten > 0) write(`${mute.unwritten} times more within a minute: ${message}`);
	}, QUIET_MS).unref();
}

const kindsOf = (id: string): number =>
	[...muted.keys()].filter((key) => key.startsWith(`${id} `)).length;
