import type { StoreProblem } from '../../core/reply';
import { StoreError } from '../../core/reply';
import { adviceFor } from './advice';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html, by code or by class */
const PROBLEMS: Readonly<Record<string, StoreProblem>> = {
	'08': 'unreachable',
	'28': 'authentication',
	'3D000': 'configuration',
	'3F000': 'configuration',
	'42501': 'permission',
	'25006': 'read_only',
	'53100': 'disk_full',
	'53200': 'out_of_memory',
	'53300': 'busy',
	'55P03': 'busy',
	'40': 'busy',
	'57014': 'timeout',
	'57P01': 'unreachable',
	'57P02': 'unreachable',
	'57P03': 'loading',
	'57P04': 'unreachable',
	'57P05': 'unreachable',
	'58030': 'disk_full',
};

const OF_NETWORK = new Set([
	'ECONNREFUSED',
	'ECONNRESET',
	'EPIPE',
	'ENOTFOUND',
	'EAI_AGAIN',
	'ETIMEDOUT',
	'EHOSTUNREACH',
	'ENETUNREACH',
]);

/** What went wrong with PostgreSQL at an address. */
export function storeErrorOf(error: unknown, address: string): StoreError {
	if (error instanceof StoreError) return error;
	if (isMissingTable(error)) return replacedError(address, error);
	const words = plainWords(error instanceof Error ? error.message : String(error));
	const problem = problemOf(error);
	return new StoreError(
		problem,
		`PostgreSQL at ${address} ${SAYS[problem] ?? 'failed'} (${words})`,
		{
			cause: error,
			advice: adviceFor(problem),
		},
	);
}

/** pg speaks of the protocol where a server asks for a password and there is none. */
const plainWords = (words: string) =>
	/^SASL:.* password must be/.test(words)
		? 'it asks for a password, and the credential has none'
		: words;

/** Other tables in place of those that we know would take every duplicate for new. Nothing goes on unprotected either: it might never be noticed. */
export function replacedError(address: string, cause?: unknown): StoreError {
	return new StoreError(
		'configuration',
		`The tables of the store in PostgreSQL at ${address} were dropped, emptied or replaced while they were open, and what they remembered is gone`,
		{
			cause,
			advice:
				'Look up what was handled before you let anything run again; then restart n8n, which makes the tables that are missing where it may; else let whoever made them run the SQL again. "Time: Strict Age" refuses what happened before that.',
		},
	);
}

const SAYS: Partial<Record<StoreProblem, string>> = {
	unreachable: "can't be reached",
	timeout: 'did not answer in time',
	authentication: 'did not let us in',
	permission: 'does not let this user do what the store needs',
	read_only: 'is read-only',
	loading: 'is starting or stopping',
	busy: 'is too busy',
	disk_full: 'has no room left on its disk',
	tls: 'and we do not agree on TLS',
	configuration: 'does not have what the credential names',
};

export function problemOf(error: unknown): StoreProblem {
	const code = codeOf(error);
	const known = PROBLEMS[code] ?? PROBLEMS[code.slice(0, 2)];
	if (known !== undefined && /^[0-9A-Z]{5}$/.test(code)) return known;
	if (OF_NETWORK.has(code)) return 'unreachable';
	const words = error instanceof Error ? error.message : '';
	if (/TLS|SSL|cert/i.test(`${code} ${words}`)) return 'tls';
	if (/Query read timeout/.test(words)) return 'timeout';
	if (/timeout exceeded when trying to connect/.test(words)) return 'unreachable';
	if (/Connection terminated|Connection ended|not queryable|SASL/.test(words)) {
		return /SASL/.test(words) ? 'authentication' : 'unreachable';
	}
	return 'unexpected';
}

/** Whether the same may work in a moment. What was asked may have been carried out. */
export function isPassing(error: unknown): boolean {
	if (error instanceof StoreError) return false;
	const problem = problemOf(error);
	return ['unreachable', 'loading', 'busy'].includes(problem) && codeOf(error) !== 'ENOTFOUND';
}

/** Whether the data of one row was refused, and with it all of the statement. */
export function isRefusedData(error: unknown): boolean {
	return /^(?:22|23|54)...$/.test(codeOf(error));
}

/** Whether a table is not there yet. */
export function isMissingTable(error: unknown): boolean {
	return codeOf(error) === '42P01';
}

/** Whether a session does not have what was prepared, has it already, or has it for a table that is another now. Nothing was carried out. */
export function isUnprepared(error: unknown): boolean {
	return ['26000', '42P05', '0A000'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
	const { code } = (error ?? {}) as { code?: unknown };
	return typeof code === 'string' ? code : '';
}
