import type { ClaimRecord } from './stored-record';

/**
 * First byte of what the function of the PostgreSQL store leaves for a result, when the user's own statement has completed the
 * record: JSON text follows, or nothing. Such a result is for the time being: the owner may put the whole one in its place.
 */
export const LEFT_BY_SQL = 0x03;

/** Whether a record was completed in the user's own transaction, and its owner has not added a result yet. */
export function awaitsResult({ state, result }: ClaimRecord): boolean {
	return state === 'completed' && result?.[0] === LEFT_BY_SQL;
}
