import type { Budget } from '../../lib/core/budget';
import { budgetProblem } from '../../lib/core/budget';
import { identityOf, isMissingKey } from '../../lib/keys/identity';
import type { Complaint } from '../shared/messages';
import type { ItemParameters } from '../shared/parameters';

const MINUTE_MS = 60_000;

export interface BudgetTerms {
	/** Null: all items of the Guard's scope share one. */
	readonly scope: unknown;
	readonly limit: number;
	readonly windowMs: number;
}

const OPTIONS = ['budgetScope', 'budgetLimit', 'budgetWindowMinutes'] as const;

/** What a new claim of the item counts against; null where no option asks for it. An item without a scope is not let through. */
export function budgetTermsOf(
	parameters: ItemParameters,
	itemIndex: number,
): BudgetTerms | null | Complaint {
	if (!OPTIONS.some((name) => parameters.has(`options.${name}`))) return null;
	const hasScope = parameters.has('options.budgetScope');
	const scope = hasScope ? parameters.get<unknown>('options.budgetScope', itemIndex, '') : null;
	if (hasScope && isMissingKey(scope)) return missingScope;
	const terms = {
		scope,
		limit: Number(parameters.get<unknown>('options.budgetLimit', itemIndex, 10)),
		windowMs:
			Number(parameters.get<unknown>('options.budgetWindowMinutes', itemIndex, 60)) * MINUTE_MS,
	};
	const problem = budgetProblem(
		{ identity: '', ...terms },
		{ limit: '"Budget Limit"', window: '"Budget Window (Minutes)"' },
	);
	return problem === null
		? terms
		: { message: problem, description: 'Correct the option in Idempotency Guard.' };
}

export function budgetOf(
	{ scope, limit, windowMs }: BudgetTerms,
	within: { readonly scope: unknown; readonly tenant: unknown; readonly secret: string },
): Budget {
	const identity = identityOf({ ...within, keyParts: ['budget', windowMs, scope] });
	return { identity, limit, windowMs };
}

const missingScope: Complaint = {
	message: 'The item has no budget: "Budget Scope" is empty for it',
	description:
		'The expression found nothing, and an item that counts against no budget could come any number of times. Give every item a scope, or remove the option so that all items share one budget.',
};
