import type { Budget } from '../core/budget';
import { budgetProblem } from '../core/budget';
import { identityOf, isMissingKey } from '../keys/identity';
import { ComplaintError } from './complaint';
import { refuseSharedValue } from './tenant';
import type { BudgetTerms } from './terms';

/** What a new claim counts against. @throws ComplaintError for terms that can't work, or an item without a scope */
export function budgetOf(
	{ scope, limit, windowMs }: BudgetTerms,
	within: { readonly scope: unknown; readonly tenant: unknown; readonly secret: string },
): Budget {
	if (scope !== null && isMissingKey(scope.value)) throw new ComplaintError(MISSING_SCOPE);
	if (scope !== null) refuseSharedValue(scope.value, '"Limit: Budget Scope"');
	const problem = budgetProblem(
		{ identity: '', limit, windowMs },
		{ limit: '"Limit: Budget"', window: '"Limit: Budget Window (Minutes)"' },
	);
	if (problem !== null) {
		throw new ComplaintError({
			message: problem,
			description: 'Correct the option in the settings of this node.',
		});
	}
	const identity = identityOf({
		...within,
		keyParts: ['budget', windowMs, scope === null ? null : scope.value],
	});
	return { identity, limit, windowMs };
}

const MISSING_SCOPE = {
	message: 'The item has no budget: "Limit: Budget Scope" is empty for it',
	description:
		'The expression found nothing, and an item that counts against no budget could come any number of times. Give every item a scope (or a tenant, where "Limit: Budget Per" is "Tenant"), or remove the option so that all items share one budget.',
};
