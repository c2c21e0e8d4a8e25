import { sha256 } from './sha256';

/** In the place of a token where no claim is made, and the statement is meant to run all the same: the function does nothing. */
export const NO_CLAIM_SQL_TOKEN = 'idemsql1.none';

/**
 * What a statement hands to the function of the PostgreSQL store: `idemsql1.<identity>.<fence>.<proof>.<0 or 1>`. The proof is
 * SHA-256 of "sql", a zero byte and the owner token, so that it completes this claim, and gives nothing else away. 1: no result may be
 * kept in the open, because there is a secret.
 */
export function sqlTokenOf(
	claim: { readonly identity: string; readonly owner: string; readonly fence: number },
	isSecret: boolean,
): string {
	const proof = sha256(`sql\0${claim.owner}`).toString('hex');
	return ['idemsql1', claim.identity, claim.fence, proof, isSecret ? 1 : 0].join('.');
}
