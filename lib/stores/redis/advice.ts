import type { StoreProblem } from '../../core/reply';

const ADVICE: Readonly<Record<StoreProblem, string>> = {
	unreachable:
		'Check that Redis runs, that no firewall is between, and that host and port in the credential are right as seen from n8n: in a container, localhost is the container itself.',
	timeout:
		'Check the network and the load of Redis. Nothing was let through unchecked; run it again once Redis answers.',
	authentication: 'Check user and password in the credential "Idempotency Redis API".',
	permission:
		'Give this Redis user the commands and the key prefix that the page "Redis" of the documentation lists.',
	read_only: 'Point the credential at the primary instead of a replica, or use Sentinel.',
	loading: 'Redis has just been started or lost its primary. Run it again in a moment.',
	cluster_down: 'Part of the Redis Cluster is missing. Nothing is checked until it is back.',
	out_of_memory:
		'Redis is full. Raise maxmemory or shorten "Remember For". Keep maxmemory-policy at noeviction: any other forgets requests.',
	busy: 'A script of another program holds Redis. Run it again in a moment.',
	disk_full: 'Free space on the disk that Redis writes to.',
	not_replicated:
		'The claim was given back, so nothing was done and the request may come again. Check that the replicas of Redis run and keep up, or lower "Redis: Min Replicas".',
	tls: 'Check "Use TLS", the CA certificate and the server name in the credential.',
	unsupported: 'Point the credential at Redis 6.2 or newer, or at Valkey.',
	corrupt_record:
		'Use a key prefix of your own. To remove the record, find out what happened to the request, then use the operation "Forget" of Idempotency Records with its option "Force".',
	unknown_secret:
		'If the secret was changed, put the one before into "Previous Secret" of the credential. If it is lost, or a secret is set for the first time, choose another "Key Prefix": the store then starts empty, and what was handled before counts as new.',
	configuration: 'Correct the credential or the setting and run it again.',
	unexpected:
		'These are the words of Redis, or of the library that asks it: look into the log of Redis. If they make no sense, please report them.',
};

/** What a user does about a problem with Redis. */
export function adviceFor(problem: StoreProblem): string {
	return ADVICE[problem];
}
