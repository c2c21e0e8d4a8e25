import type { StoreProblem } from '../../core/reply';

const ADVICE: Readonly<Record<StoreProblem, string>> = {
	unreachable:
		'Check that PostgreSQL runs, that no firewall is between, and that host and port in the credential are right as seen from n8n: in a container, localhost is the container itself.',
	timeout:
		'Check the network and the load of PostgreSQL. Nothing was let through unchecked; run it again once it answers.',
	authentication:
		'Check user, password and database in the credential "Idempotency PostgreSQL API", and the pg_hba.conf of the server. Where PostgreSQL says "no encryption", turn on "Use TLS".',
	permission:
		'Give this user the rights that the page "PostgreSQL" of the documentation lists, or let somebody who may make the tables run its SQL.',
	read_only:
		'Point the credential at the primary instead of a standby; where it is the primary, switch off default_transaction_read_only for this user or database.',
	loading: 'PostgreSQL is starting, stopping or recovering. Run it again in a moment.',
	cluster_down: 'Nothing is checked until the database is back.',
	out_of_memory: 'Give PostgreSQL more memory, or lower its work_mem.',
	busy: 'A transaction holds the record, or there are too many connections. Run it again in a moment; if it stays, look for transactions that are open for long, and raise max_connections or use PgBouncer.',
	disk_full: 'Free space on the disk of PostgreSQL.',
	not_replicated: 'Set synchronous_standby_names in PostgreSQL to wait for standbys.',
	tls: 'Check "Use TLS", the CA certificate and the server name in the credential.',
	unsupported: 'Use PostgreSQL 13 or newer, and this package in its newest version.',
	corrupt_record:
		'Something else wrote to this table. Find out what happened to the request, then remove the record with the operation "Forget" of Idempotency Records and its option "Force".',
	unknown_secret:
		'If the secret was changed, put the one before into "Previous Secret" of the credential. If it is lost, or a secret is set for the first time, choose another "Table Prefix": the store then starts empty, and what was handled before counts as new.',
	configuration: 'Correct the credential or the setting and run it again.',
	unexpected:
		'These are the words of PostgreSQL, or of the library that asks it: look into its log. If they make no sense, please report them.',
};

/** What a user does about a problem with PostgreSQL. */
export function adviceFor(problem: StoreProblem): string {
	return ADVICE[problem];
}
