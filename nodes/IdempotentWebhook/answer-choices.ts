import { ComplaintError } from '../../lib/guard/complaint';
import type { Refusal } from '../../lib/guard/refusal';
import type { ItemParameters } from '../shared/parameters';

/** Which status a caller gets where nothing is done, for senders that switch a webhook off after some failures. */
export interface AnswerChoices {
	/** Null: as docs/http.md says. */
	readonly handledWithoutResult: number | null;
	statusOf(refusal: Refusal): number;
}

const OF_REASON: Partial<Record<Refusal['reason'], string>> = {
	in_progress: 'stillRunning',
	likely_duplicate: 'sameContent',
	missing_key: 'missingKey',
	unknown_outcome: 'unknownOutcome',
};

/** @throws ComplaintError for a number that is no status */
export function answerChoicesOf(parameters: ItemParameters): AnswerChoices {
	const chosen = (name: string): number | null => {
		if (!parameters.has(`answers.${name}`)) return null;
		const status = Number(parameters.get<unknown>(`answers.${name}`, 0, 0));
		if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
		throw new ComplaintError({
			message: 'A status in "Answers" must be a whole number from 200 to 599',
			description: 'Correct it, or remove it from "Answers" to get the usual one.',
		});
	};
	return {
		handledWithoutResult: chosen('handledWithoutResult'),
		statusOf: ({ reason, statusCode }) => {
			const name = OF_REASON[reason];
			return (name === undefined ? null : chosen(name)) ?? statusCode;
		},
	};
}
