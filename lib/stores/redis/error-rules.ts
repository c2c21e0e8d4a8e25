import type { StoreProblem } from '../../core/reply';

/** How a failure is recognized, and what is said of it. */
export interface Rule {
	readonly problem: StoreProblem;
	/** Against Node's error code or the first word of Redis' error, then against the message. */
	readonly code?: RegExp;
	readonly message?: RegExp;
	/** What happened. */
	readonly says: (address: string) => string;
	/** What to do, where more is known than the problem: see advice.ts. */
	readonly advice?: string;
	/** Nothing was written, or asking again is harmless: soon it may work. */
	readonly passing?: boolean;
}

export const RULES: readonly Rule[] = [
	{
		problem: 'authentication',
		code: /^NOAUTH$/,
		message: /NOAUTH|Authentication required|unauthenticated (multi)?bulk/i,
		says: (at) => `Redis at ${at} asks for a password`,
		advice: 'Fill in "Password" in the credential, and "User" where Redis has users of its own.',
	},
	{
		problem: 'authentication',
		code: /^WRONGPASS$/,
		message: /WRONGPASS|invalid password|without any password configured/i,
		says: (at) => `Redis at ${at} refused the user or the password`,
	},
	{
		problem: 'permission',
		code: /^NOPERM$/,
		message: /\bNOPERM\b|ACL failure|no permissions? to/i,
		says: (at) =>
			`The Redis user may not run a command at ${at}, or touch a key, that the store needs`,
	},
	{
		problem: 'read_only',
		code: /^READONLY$/,
		says: (at) => `Redis at ${at} is a read-only replica`,
		passing: true,
	},
	{
		problem: 'loading',
		code: /^(LOADING|MASTERDOWN)$/,
		says: (at) => `Redis at ${at} is not ready: it loads its data, or has lost its primary`,
		passing: true,
	},
	{
		problem: 'cluster_down',
		code: /^(CLUSTERDOWN|TRYAGAIN|NOREPLICAS|ClusterAllFailedError)$/,
		message: /cluster redirections|slots cache|startup nodes/i,
		says: (at) => `Redis at ${at} has too few nodes or replicas to take writes`,
		passing: true,
	},
	{
		problem: 'out_of_memory',
		code: /^OOM$/,
		says: (at) => `Redis at ${at} is out of memory, so it took no new claim`,
	},
	{
		problem: 'busy',
		code: /^BUSY$/,
		says: (at) => `Redis at ${at} is busy with a long script of somebody else`,
	},
	{
		problem: 'busy',
		message: /max number of clients/i,
		says: (at) => `Redis at ${at} has as many clients as it takes`,
		advice: 'Raise maxclients of Redis, or find out which program keeps so many connections.',
		passing: true,
	},
	{
		problem: 'disk_full',
		code: /^MISCONF$/,
		says: (at) => `Redis at ${at} can't write to its disk, so it takes no writes`,
		advice: 'Look into the log of Redis, and free space on its disk.',
	},
	{
		problem: 'corrupt_record',
		code: /^(CORRUPT|WRONGTYPE)$/,
		says: (at) =>
			`The value in Redis at ${at} is not a record of this store: something else writes to its keys, or it was damaged`,
	},
	{
		problem: 'unsupported',
		code: /^(NOPROTO|CROSSSLOT)$/,
		message: /unknown (redis )?command/i,
		says: (at) => `Redis at ${at} lacks a command that the store needs, or it was switched off`,
		advice:
			'Take Redis 6.2 or newer, or Valkey, and switch the command on (rename-command): the page "Redis" of the documentation lists those that are needed.',
	},
	{
		problem: 'configuration',
		code: /^(MOVED|ASK)$/,
		message: /cluster support disabled|non local key/i,
		says: (at) => `"Deployment" in the credential does not fit Redis at ${at}`,
		advice:
			'Set it to Cluster for a server that is part of a cluster, to Standalone or Sentinel for any other.',
	},
	{
		problem: 'configuration',
		code: /^DENIED$/,
		says: (at) => `Redis at ${at} runs in protected mode, and talks to its own machine only`,
		advice:
			'Give Redis a password (requirepass), or set "protected-mode no" where its network is closed.',
	},
	{
		problem: 'configuration',
		message:
			/No such master|DB index is out of range|SELECT is not allowed|invalid reply: null|invalid DB index/i,
		says: (at) =>
			`Redis at ${at} has no such database, or its sentinels know no primary by that name`,
		advice: 'Check "Database Number" and "Sentinel Name" in the credential.',
	},
	{
		problem: 'tls',
		code: /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO$)/,
		message: /secure TLS connection|self.signed certificate|certificate|SSL routines/i,
		says: (at) => `There is no trusted TLS connection with Redis at ${at}`,
	},
	{
		problem: 'unreachable',
		code: /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_NODATA|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ENOENT|EACCES)$/,
		message: /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|sentinels are unreachable/,
		says: (at) => `Redis at ${at} can't be reached`,
		passing: true,
	},
	{
		problem: 'unreachable',
		code: /^(ECONNRESET|EPIPE|ECONNABORTED|NR_CLOSED|AbortError)$/,
		message:
			/ECONNRESET|EPIPE|Protocol error|Connection is closed|Stream isn't writeable|Cluster (is|isn't)|socket hang up|Connection is aborted/i,
		says: (at) => `The connection to Redis at ${at} was closed`,
		passing: true,
	},
	{
		problem: 'timeout',
		code: /^(ETIMEDOUT|RedisTimeout)$/,
		message: /ETIMEDOUT|timed out/i,
		says: (at) => `Redis at ${at} did not answer in time`,
	},
];
