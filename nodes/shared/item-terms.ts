import type { Attempt } from '../../lib/core/attempt';
import { attempt } from '../../lib/core/attempt';
import type { UnknownOutcomePolicy } from '../../lib/core/record';
import { ComplaintError } from '../../lib/guard/complaint';
import type { JsonObject } from '../../lib/guard/item';
import type {
	BudgetTerms,
	CompareTerms,
	ItemTerms,
	KeyTerms,
	SameContentTerms,
	TenantTerms,
} from '../../lib/guard/terms';
import { valueInField } from '../../lib/keys/field-paths';
import type { KeyNormalization } from '../../lib/keys/normalize-key';
import type { DeliveryIdentity, SenderValue } from '../../lib/senders/delivery-ids';
import type { ItemParameters } from './parameters';
import { pathsIn } from './parameters';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/**
 * Reads a Guard's parameters for each item. An expression that fails for one item fails that item alone.
 *
 * @param items as expressions see them
 */
export function readTerms(
	parameters: ItemParameters,
	items: ReadonlyArray<{ readonly json: JsonObject }>,
): Array<Attempt<ItemTerms>> {
	return items.map(({ json }, index) => attempt(() => termsOf(parameters, index, json)));
}

function termsOf(parameters: ItemParameters, itemIndex: number, json: JsonObject): ItemTerms {
	const number = (name: string, fallback: number) =>
		Number(parameters.get<unknown>(name, itemIndex, fallback));
	const key = keyTermsOf(parameters, itemIndex);
	const tenant = tenantTermsOf(parameters, itemIndex, json);
	return {
		key,
		compare: key.source === 'payload' ? { by: 'none' } : compareTermsOf(parameters, itemIndex),
		tenant,
		eventTime: parameters.get<unknown>('options.ksuidTime', itemIndex, ''),
		budget: budgetTermsOf(parameters, itemIndex, tenant),
		retentionMs: number('retentionHours', 72) * HOUR_MS,
		claimTimeoutMs: number('options.claimTimeoutMinutes', 60) * MINUTE_MS,
		onUnknownOutcome: parameters.get<UnknownOutcomePolicy>(
			'options.onUnknownOutcome',
			itemIndex,
			'hold',
		),
		sameContent: sameContentTermsOf(parameters, itemIndex),
		maxAttempts: parameters.get('options.limitAttempts', itemIndex, false)
			? number('options.maxAttempts', 5)
			: null,
	};
}

/** Idempotency Records has the same parameters, to find a record by its key. */
export function keyTermsOf(parameters: ItemParameters, itemIndex: number): KeyTerms {
	const source = parameters.get<KeyTerms['source']>('keySource', itemIndex, 'delivery');
	switch (source) {
		case 'delivery':
			return {
				source,
				sender: parameters.get<'auto' | SenderValue>('sender', itemIndex, 'auto'),
				identity: parameters.get<DeliveryIdentity>('deliveryIdentity', itemIndex, 'event'),
			};
		case 'expression':
			return {
				source,
				value: parameters.get<unknown>('key', itemIndex, ''),
				emptyPart: parameters.emptyPart('key', itemIndex),
				normalize: normalizationOf(parameters, itemIndex),
			};
		case 'fields':
			return {
				source,
				paths: pathsIn(parameters.get('keyFields', itemIndex, '')),
				normalize: normalizationOf(parameters, itemIndex),
			};
		case 'payload':
			return { source };
	}
}

/** Null: the key is taken as it is spelled. */
function normalizationOf(parameters: ItemParameters, itemIndex: number): KeyNormalization | null {
	if (!parameters.has('normalizeKey')) return null;
	const chosen = parameters.get<unknown>('normalizeKey', itemIndex, []);
	if (!Array.isArray(chosen) || chosen.length === 0) return null;
	return {
		trim: chosen.includes('trim'),
		lowerCase: chosen.includes('lowerCase'),
		unicode: chosen.includes('unicode'),
	};
}

function compareTermsOf(parameters: ItemParameters, itemIndex: number): CompareTerms {
	const by = parameters.get<CompareTerms['by']>('options.compare', itemIndex, 'auto');
	switch (by) {
		case 'except':
			return { by, paths: pathsIn(parameters.get('options.excludeFields', itemIndex, '')) };
		case 'fields':
			return { by, paths: pathsIn(parameters.get('options.compareFields', itemIndex, '')) };
		default:
			return { by };
	}
}

/**
 * Null: neither option is used. Idempotency Records has *Tenant* too.
 *
 * @throws ComplaintError where both are used
 */
export function tenantTermsOf(
	parameters: ItemParameters,
	itemIndex: number,
	json: JsonObject,
): TenantTerms | null {
	refuseTwoTenants(parameters);
	const isNamed = parameters.has('options.tenantField');
	if (!isNamed && !parameters.has('options.tenant')) return null;
	const given = parameters.get<unknown>(
		isNamed ? 'options.tenantField' : 'options.tenant',
		itemIndex,
		'',
	);
	return {
		value: isNamed ? valueInField(json, String(given).trim()) : given,
		emptyPart: parameters.emptyPart('options.tenant', itemIndex),
		isSeparate: parameters.get('options.tenantMode', itemIndex, 'separate') === 'separate',
	};
}

/** @throws ComplaintError where both options say who a request belongs to: which of them is meant is not to be guessed */
export function refuseTwoTenants(parameters: ItemParameters): void {
	if (!parameters.has('options.tenant') || !parameters.has('options.tenantField')) return;
	throw new ComplaintError({
		message: 'Both "Tenant" and "Tenant Field" say who the request belongs to',
		description: 'Remove one of the two options in the settings of this node.',
	});
}

/** Null: it is not looked for. */
function sameContentTermsOf(
	parameters: ItemParameters,
	itemIndex: number,
): SameContentTerms | null {
	const does = parameters.get<'off' | 'report' | 'conflict'>(
		'options.sameContent',
		itemIndex,
		'off',
	);
	if (does === 'off') return null;
	const minutes = Number(parameters.get<unknown>('options.sameContentMinutes', itemIndex, 10));
	return { refuses: does === 'conflict', windowMs: minutes * MINUTE_MS };
}

const BUDGET_OPTIONS = ['budgetPer', 'budgetScope', 'budgetLimit', 'budgetWindowMinutes'] as const;

/** Null: none of the options is used. */
function budgetTermsOf(
	parameters: ItemParameters,
	itemIndex: number,
	tenant: TenantTerms | null,
): BudgetTerms | null {
	if (!BUDGET_OPTIONS.some((name) => parameters.has(`options.${name}`))) return null;
	const minutes = Number(parameters.get<unknown>('options.budgetWindowMinutes', itemIndex, 60));
	return {
		scope: budgetScopeOf(parameters, itemIndex, tenant),
		limit: Number(parameters.get<unknown>('options.budgetLimit', itemIndex, 10)),
		windowMs: minutes * MINUTE_MS,
	};
}

/** Null: all items share one budget. */
function budgetScopeOf(
	parameters: ItemParameters,
	itemIndex: number,
	tenant: TenantTerms | null,
): BudgetTerms['scope'] {
	if (parameters.get<string>('options.budgetPer', itemIndex, 'scope') === 'tenant') {
		// Empty where the option is not there: an item without a scope is refused, and the words say so.
		return { value: tenant?.value };
	}
	return parameters.has('options.budgetScope')
		? { value: parameters.get<unknown>('options.budgetScope', itemIndex, '') }
		: null;
}
