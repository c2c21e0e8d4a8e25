import type { Answer } from './answer';
import type { JsonObject } from './item';
import type { Refusal } from './refusal';
import { duplicateMessage } from './words';

/** What would have become of an item, had it not only been watched. */
export interface Observed extends JsonObject {
	/** `unchecked`: the store could not be asked. `error`: the run would have stopped. */
	readonly outcome: 'new' | 'duplicate' | 'conflict' | 'error' | 'unprotected' | 'unchecked';
	readonly reason?: string;
	readonly statusCode?: number;
	readonly message?: string;
}

/** Our own field of an item that goes on whatever the answer is. Only a new one has a claim that is to be finished. */
export function observedDetails(answer: Answer): JsonObject & { readonly observed: Observed } {
	switch (answer.kind) {
		case 'new':
			return { ...answer.details, observed: { outcome: 'new' } };
		case 'duplicate': {
			const { details, record } = answer;
			const status = record.statusCode === 0 ? {} : { statusCode: record.statusCode };
			const message = duplicateMessage(record);
			return {
				...details(),
				outcome: 'observed',
				observed: { outcome: 'duplicate', reason: 'duplicate', ...status, message },
			};
		}
		case 'conflict':
			return {
				...answer.details,
				outcome: 'observed',
				observed: refused('conflict', answer.refusal),
			};
		case 'failed':
			return observedOnly(unchecked(answer.error.message));
	}
}

export function observedOnly(observed: Observed): JsonObject & { readonly observed: Observed } {
	return { outcome: 'observed', observed };
}

export const refused = (
	outcome: 'conflict' | 'error',
	{ reason, statusCode, message }: Refusal,
): Observed => ({ outcome, reason, statusCode, message });

export const unchecked = (message: string): Observed => ({ outcome: 'unchecked', message });

/** Whether it would have been kept from the nodes behind. */
export function wouldBlock({ outcome }: Observed): boolean {
	return outcome === 'duplicate' || outcome === 'conflict' || outcome === 'error';
}
