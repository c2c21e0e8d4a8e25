import type { ClaimAnswer } from './claim-terms';
import type { Reply } from './reply';

export type Grant = Reply<ClaimAnswer> & {
	readonly ok: true;
	readonly answer: { readonly outcome: 'new' };
};

export function isGrant(reply: Reply<ClaimAnswer> | undefined): reply is Grant {
	return reply?.ok === true && reply.answer.outcome === 'new';
}
