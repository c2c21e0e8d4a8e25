import type { ClaimAnswer, ClaimRequest } from '../core/record';
import type { ResultItem } from '../results/result-codec';
import { decodeResult } from '../results/result-codec';
import { resultPurpose } from '../results/purposes';
import type { Complaint } from './complaint';
import type { JsonObject } from './item';
import { duplicateMessage } from './words';

export type Replay =
	| { readonly kind: 'items'; readonly items: readonly ResultItem[] }
	/** There are no stored items: the input item goes out, with these details. */
	| { readonly kind: 'details'; readonly details: JsonObject }
	| { readonly kind: 'unreadable'; readonly complaint: Complaint };

/** What a duplicate gets: the stored result exactly as Commit stored it. */
export function replayOf(
	{ record, result }: ClaimAnswer & { outcome: 'duplicate' },
	{ identity, tenant }: Pick<ClaimRequest, 'identity' | 'tenant'>,
	secrets: readonly string[] | undefined,
	details: () => JsonObject,
): Replay {
	const before = duplicateMessage(record);
	const withoutItems = (message: string): Replay => ({
		kind: 'details',
		details: {
			...details(),
			state: record.state,
			...(record.statusCode === 0 ? {} : { statusCode: record.statusCode }),
			resultItems: 0,
			message,
		},
	});
	const why = record.reason === '' ? '' : ` ${record.reason.replace(/\.$/, '')}.`;
	if (result === null && secrets === undefined) return withoutItems(`${before}${why}`);
	const purpose = resultPurpose(record.state, record.statusCode);
	// With a secret there is always something: that nothing is kept is sealed as well.
	const decoded = decodeResult(
		result ?? Buffer.alloc(0),
		secrets && { secrets, tenant, identity, purpose },
	);
	if (!decoded.ok) {
		return {
			kind: 'unreadable',
			complaint: {
				message: `The stored result of this request can't be read: ${decoded.message}`,
				description:
					decoded.problem === 'unknown_secret'
						? 'It was encrypted with another secret. Put that secret back into the credential.'
						: 'The request was handled before, so it is not let through again. Check what the first run did.',
			},
		};
	}
	if (decoded.items === null) {
		return withoutItems(
			decoded.reason === 'not_kept'
				? `${before} Its result is not kept, as Idempotency Commit is set.`
				: `${before}${why}`,
		);
	}
	if (decoded.items.length === 0) {
		return withoutItems(`${before} Its result is empty.`);
	}
	return { kind: 'items', items: decoded.items };
}
