import type { StoreProblem } from '../../core/reply';
import { StoreError } from '../../core/reply';
import { withAdvice } from '../checked-store';
import { adviceFor } from './advice';

/** What a script said of one item, in Redis' own words. */
export class ScriptError extends Error {
	override readonly name = 'ScriptError';
}

export function scriptError(words: string): ScriptError {
	return new ScriptError(words);
}

/** No connection within the time, or no answer. */
export class RedisTimeout extends Error {
	override readonly name = 'RedisTimeout';

	constructor(
		readonly phase: 'connect' | 'command',
		ms: number,
	) {
		super(`no answer within ${ms} ms`);
	}
}

interface Rule {
	readonly problem: StoreProblem;
	/** Against Node's error code or the first word of Redis' error, then against the message. */
	readonly code: RegExp;
	readonly message?: RegExp;
	/** What happened. */
	readonly says: (address: string) => string;
	/** What to do, where more is known than the problem: see advice.ts. */
	readonly advice?: string;
	/** Nothing was written, or asking again is harmless: soon it may work. */
	readonly passing?: boolean;
}

const RULES: readonly Rule[] = [
	{
		problem: 'authentication',
		code: /^(NOAUTH|WRONGPASS)$/,
		message:
			/WRONGPASS|NOAUTH|invalid password|Authentication required|without any password configured|unauthenticated (multi)?bulk/i,
		says: (at) => `Redis at ${at} refused the user or password. Check both in the credential.`,
	},
	{
		problem: 'permission',
		code: /^NOPERM$/,
		message: /\bNOPERM\b|ACL failure|no permissions? to/i,
		says: (at) =>
			`The Redis user at ${at} may not run a command or touch a key that the store needs. See "Redis user" in the documentation for the ACL line that works.`,
	},
	{
		problem: 'read_only',
		code: /^READONLY$/,
		says: (at) =>
			`Redis at ${at} is a read-only replica. Use the address of the primary, or Sentinel.`,
		passing: true,
	},
	{
		problem: 'loading',
		code: /^(LOADING|MASTERDOWN)$/,
		says: (at) =>
			`Redis at ${at} is not ready: it loads its data, or has lost its primary. It may work in a moment.`,
		passing: true,
	},
	{
		problem: 'cluster_down',
		code: /^(CLUSTERDOWN|TRYAGAIN|NOREPLICAS|ClusterAllFailedError)$/,
		message: /cluster redirections|slots cache|startup nodes/i,
		says: (at) =>
			`Redis at ${at} has too few nodes or replicas to take writes. Check the cluster's state.`,
		passing: true,
	},
	{
		problem: 'out_of_memory',
		code: /^OOM$/,
		says: (at) =>
			`Redis at ${at} is out of memory, so it took no new claim. Raise maxmemory, or shorten the retention.`,
	},
	{
		problem: 'busy',
		code: /^BUSY$/,
		says: (at) => `Redis at ${at} is busy with a long script of somebody else. It may work later.`,
	},
	{
		problem: 'disk_full',
		code: /^MISCONF$/,
		says: (at) =>
			`Redis at ${at} can't write to its disk, so it takes no writes. Check its log and free disk space.`,
	},
	{
		problem: 'corrupt_record',
		code: /^(CORRUPT|WRONGTYPE)$/,
		says: (at) =>
			`The value in Redis at ${at} is not a record of this store: something else writes to its keys, or it was damaged. Forget it by force, or use another key prefix.`,
	},
	{
		problem: 'unsupported',
		code: /^(NOPROTO|CROSSSLOT)$/,
		message: /unknown command/i,
		says: (at) =>
			`Redis at ${at} lacks a command that the store needs: Redis 6.2 or newer, or Valkey.`,
	},
	{
		problem: 'configuration',
		code: /^ERR_STORE_CONFIGURATION$/,
		message:
			/No such master|DB index is out of range|SELECT is not allowed|invalid reply: null|invalid DB index/i,
		says: (at) =>
			`Redis at ${at} has no such database, or its sentinels know no primary by that name. Check the credential.`,
	},
	{
		problem: 'tls',
		code: /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO$)/,
		message: /secure TLS connection|self.signed certificate|certificate|SSL routines/i,
		says: (at) =>
			`No trusted TLS connection with Redis at ${at}. Check that the server speaks TLS on this port, the CA certificate and the server name.`,
	},
	{
		problem: 'unreachable',
		code: /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_NODATA|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ENOENT|EACCES)$/,
		message: /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|sentinels are unreachable/,
		says: (at) =>
			`Redis at ${at} can't be reached. Check host and port, that it runs, and that no firewall is between.`,
		passing: true,
	},
	{
		problem: 'unreachable',
		code: /^(ECONNRESET|EPIPE|ECONNABORTED|NR_CLOSED|AbortError)$/,
		message:
			/ECONNRESET|EPIPE|Protocol error|Connection is closed|Stream isn't writeable|Cluster (is|isn't)|socket hang up|Connection is aborted/i,
		says: (at) =>
			`The connection to Redis at ${at} was closed. If it never works, check whether the server wants TLS.`,
		passing: true,
	},
	{
		problem: 'timeout',
		code: /^(ETIMEDOUT|RedisTimeout)$/,
		message: /ETIMEDOUT|timed out/i,
		says: (at) => `Redis at ${at} did not answer in time. Check the network and the server's load.`,
	},
];

/** Turns what ioredis, Node or a script said into the store's words. */
export function storeErrorOf(error: unknown, address: string): StoreError {
	if (error instanceof StoreError) return withAdvice(error, adviceFor);
	const rule = ruleOf(error);
	// The error itself is not kept as the cause: ioredis puts the command into it, with the password where it was AUTH.
	const words = messageOf(error);
	if (rule === undefined) {
		return new StoreError('unexpected', `Redis at ${address}: ${words}`, {
			advice: adviceFor('unexpected'),
		});
	}
	return new StoreError(rule.problem, rule.says(address) + (words === '' ? '' : ` (${words})`), {
		advice: rule.advice ?? adviceFor(rule.problem),
	});
}

/** Whether it may be asked again at once. */
export function isPassing(error: unknown): boolean {
	return ruleOf(error)?.passing === true;
}

/** Whether another connection may do better: this one is broken, leads to a replica, or answers no more. */
export function isOfConnection(error: unknown): boolean {
	const problem = ruleOf(error)?.problem;
	return problem === 'unreachable' || problem === 'read_only' || problem === 'timeout';
}

function ruleOf(error: unknown): Rule | undefined {
	const codes = codesOf(error);
	const message = messageOf(error);
	return (
		RULES.find(({ code }) => codes.some((word) => code.test(word))) ??
		RULES.find((rule) => rule.message?.test(message))
	);
}

/** Node's code, the error's name, and the first word of Redis' own message. */
function codesOf(error: unknown): string[] {
	if (!(error instanceof Error)) return [];
	const codes = [error.name];
	if ('code' in error && typeof error.code === 'string') codes.unshift(error.code);
	const word = /^([A-Z]{2,})\b/.exec(error.message)?.[1];
	if (word !== undefined) codes.push(word);
	return codes;
}

/** One line, without what a script's name and line number add. */
function messageOf(error: unknown): string {
	const text = error instanceof Error ? error.message : String(error);
	return (text.split('\n')[0] ?? '').replace(/,? ?script: [0-9a-f]{40}.*$/, '').slice(0, 300);
}
