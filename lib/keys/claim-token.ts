import { createHmac, timingSafeEqual } from 'node:crypto';

import type { ClaimRemains } from '../core/record';
import type { StoreKind } from '../core/store';

/** What a claim token carries from Guard to Commit: all that a commit needs, even if the record is gone meanwhile. */
export interface SealedClaim {
	readonly store: StoreKind;
	readonly identity: string;
	readonly owner: string;
	readonly fence: number;
	/** What the record is named by, see `namingIdsOf`; `''` where the store notes none. */
	readonly naming: string;
	readonly remains: ClaimRemains;
	/** The user's own statement completes the record; Commit only adds the result. */
	readonly completeInSql?: boolean;
}

export type UnsealedToken =
	| { readonly ok: true; readonly claim: SealedClaim }
	| { readonly ok: false; readonly problem: 'unreadable' | 'forged' };

const PREFIX = 'idem1';
const MAC_BYTES = 16;
const KINDS: readonly StoreKind[] = ['embedded', 'postgres', 'redis'];

/**
 * An opaque token for `claim`: `idem1.<base64url JSON>.<base64url MAC>`, the MAC being HMAC-SHA-256 under the store's signing
 * key, cut to 128 bits (RFC 2104, section 5).
 */
export function sealToken(claim: SealedClaim, signingKey: Buffer): string {
	const { remains } = claim;
	const body = Buffer.from(
		JSON.stringify([
			claim.store,
			claim.identity,
			claim.owner,
			claim.fence,
			claim.remains.retentionMs,
			remains.fingerprint,
			remains.comparison,
			Buffer.from(remains.fieldDigests).toString('base64url'),
			remains.tenant,
			remains.namespace,
			remains.key,
			remains.eventAt,
			remains.claimTimeoutMs,
			remains.onUnknownOutcome,
			remains.workflowId,
			remains.executionId,
			claim.naming,
			claim.completeInSql === true ? 1 : 0,
		]),
	).toString('base64url');
	return `${PREFIX}.${body}.${macOf(body, signingKey).toString('base64url')}`;
}

/** Whether `text` has the shape of a claim token. Says nothing of its truth. */
export function looksLikeToken(text: unknown): text is string {
	return typeof text === 'string' && /^idem1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(text);
}

/** Which store a token claims to be of, before that store can be asked whether it is true. */
export function storeNamedBy(token: string): StoreKind | null {
	const kind = parseBody(token.split('.')[1] ?? '')?.[0];
	return KINDS.find((each) => each === kind) ?? null;
}

/** Whose the claim in a token is, to compare it with others of the same run. Nothing vouches for it. */
export function tenantNamedBy(token: string): string {
	const fields = parseBody(token.split('.')[1] ?? '');
	return fields === null ? '' : String(claimOf(fields).remains.tenant);
}

/** The claim in `token`, if one of `signingKeys` sealed it. */
export function unsealToken(token: string, signingKeys: readonly Buffer[]): UnsealedToken {
	if (!looksLikeToken(token)) return { ok: false, problem: 'unreadable' };
	const [, body = '', mac = ''] = token.split('.');
	const given = Buffer.from(mac, 'base64url');
	const authentic = signingKeys.some((key) => {
		const expected = macOf(body, key);
		return given.length === expected.length && timingSafeEqual(given, expected);
	});
	if (!authentic) return { ok: false, problem: 'forged' };
	const fields = parseBody(body);
	return fields === null
		? { ok: false, problem: 'unreadable' }
		: { ok: true, claim: claimOf(fields) };
}

function macOf(body: string, signingKey: Buffer): Buffer {
	return createHmac('sha256', signingKey)
		.update(`${PREFIX}.${body}`)
		.digest()
		.subarray(0, MAC_BYTES);
}

function parseBody(body: string): unknown[] | null {
	try {
		const fields: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
		return Array.isArray(fields) && fields.length === 18 ? fields : null;
	} catch {
		return null;
	}
}

/** The fields were sealed by `sealToken`: the MAC vouches for their types. */
function claimOf(fields: unknown[]): SealedClaim {
	return {
		store: fields[0] as StoreKind,
		identity: fields[1] as string,
		owner: fields[2] as string,
		fence: fields[3] as number,
		naming: fields[16] as string,
		remains: {
			fingerprint: fields[5] as string,
			comparison: fields[6] as string,
			fieldDigests: Buffer.from(fields[7] as string, 'base64url'),
			tenant: fields[8] as string,
			namespace: fields[9] as string,
			key: fields[10] as string,
			eventAt: fields[11] as number,
			retentionMs: fields[4] as number,
			claimTimeoutMs: fields[12] as number,
			onUnknownOutcome: fields[13] as ClaimRemains['onUnknownOutcome'],
			workflowId: fields[14] as string,
			executionId: fields[15] as string,
		},
		completeInSql: fields[17] === 1,
	};
}
