import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectPlain } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';

import { attemptAsync } from '../../core/attempt';
import { definedOf } from './options';
import type { RedisNode, RedisTls } from './options';

const GREETING_MS = 10;

/** What answers at a port when it is asked without TLS. */
export type PlainAnswer =
	/** Nobody: Node's code. */
	| { readonly kind: 'nobody'; readonly error: unknown }
	/** It took the connection, and says nothing or ends it: so does a server that waits for TLS, or one that halts. */
	| { readonly kind: 'silent' }
	| { readonly kind: 'redis'; readonly line: string }
	| { readonly kind: 'web' }
	| { readonly kind: 'other' };

/** Asks `PING` and looks at the first bytes of the answer. */
export async function askPlain({ host, port }: RedisNode, limitMs: number): Promise<PlainAnswer> {
	const socket = connectPlain({ host, port }).on('error', ignore);
	socket.setTimeout(limitMs, () => socket.destroy());
	try {
		// Listened to from the start: a server that refuses everybody speaks first, and hangs up.
		const first = attemptAsync(async () => await firstOf(socket, 'data'));
		const connected = await attemptAsync(async () => await firstOf(socket, 'connect'));
		if (!connected.ok) return { kind: 'nobody', error: connected.error };
		await Promise.race([first, sleep(GREETING_MS)]);
		socket.write('PING\r\n');
		const answer = await first;
		const bytes = answer.ok ? answer.value : undefined;
		if (!Buffer.isBuffer(bytes) || isTlsAlert(bytes)) return { kind: 'silent' };
		const [line = '', ...rest] = bytes.toString('latin1').split('\r\n');
		// Half a line is a cut on the way, and tells nothing of who is there.
		if (rest.length === 0) return { kind: 'silent' };
		if (/^(\+PONG|-[A-Z]+ )/.test(line)) return { kind: 'redis', line: line.slice(1) };
		return { kind: line.startsWith('HTTP/') ? 'web' : 'other' };
	} finally {
		socket.destroy();
	}
}

function isTlsAlert(bytes: Buffer): boolean {
	return bytes[0] === 0x15 && bytes[1] === 0x03;
}

/** What comes of a TLS handshake. `error` is Node's, undefined where it succeeded. */
export interface Handshake {
	readonly error: unknown;
	readonly certificate: PeerCertificate | undefined;
}

/** A handshake, and a PING after it: a server that wants a client certificate says so only then. */
export async function shakeHands(
	{ host, port }: RedisNode,
	tls: RedisTls,
	limitMs: number,
): Promise<Handshake> {
	let socket: TLSSocket | undefined;
	try {
		const opened = connectTls({ ...definedOf(tls), host, port }).on('error', ignore);
		socket = opened;
		opened.setTimeout(limitMs, () => opened.destroy());
		await firstOf(opened, 'secureConnect');
		const certificate = opened.getPeerCertificate();
		opened.write('PING\r\n');
		const answered = await attemptAsync(async () => await firstOf(opened, 'data'));
		return { error: answered.ok ? undefined : answered.error, certificate };
	} catch (error) {
		return { error, certificate: socket?.getPeerCertificate() };
	} finally {
		socket?.destroy();
	}
}

/** Heard where it is waited for. */
function ignore(): void {}

/** @throws the socket's error, or that it ended before */
async function firstOf(socket: Socket, event: string): Promise<unknown> {
	const stop = new AbortController();
	const { signal } = stop;
	try {
		const ended = once(socket, 'close', { signal }).then(() => {
			throw new Error('Connection is closed.');
		});
		const [value] = (await Promise.race([once(socket, event, { signal }), ended])) as unknown[];
		return value;
	} finally {
		stop.abort();
	}
}
