import type { Attempt } from '../core/attempt';
import type { ClaimRequest } from '../core/record';
import { canonicalJson } from '../keys/canonical-json';
import { eventTimeOf } from '../keys/event-time';
import { tenantDigestOf } from '../keys/identity';
import type { KeyDoubts } from '../keys/key-doubts';
import { keyDoubtsOf } from '../keys/key-doubts';
import { budgetOf } from './budget-terms';
import type { ClaimHost } from './claim-host';
import { claimSettingsOf, invalidParameter } from './claim-settings';
import type { Compared } from './compared';
import { comparedOf } from './compared';
import { ComparedDigests } from './compared-digests';
import { ComplaintError } from './complaint';
import type { Content } from './content';
import { contentOf } from './content';
import type { GuardItem } from './item';
import type { ItemKey, MissingKey } from './item-key';
import { identityUnder, keyOf } from './item-key';
import type { Naming, RequestsOfItem } from './naming';
import { namingsOf } from './naming';
import type { StoreSecrets } from './store-secrets';
import { payloadOf } from './payload';
import type { Tenant } from './tenant';
import { tenantOf } from './tenant';
import type { GuardTerms, ItemTerms } from './terms';

/** The longest key that a record keeps for people to read. The identity always covers the whole key. */
const MAX_LABEL_LENGTH = 200;

/** An item with a key. */
export interface ClaimableItem extends RequestsOfItem {
	readonly kind: 'claim';
	/** The key as its user knows it, shortened. */
	readonly label: string;
	readonly compared: Compared | null;
	/** The tenant as it is counted: a digest where the store has a secret; `''` where there are none. */
	readonly tenantLabel: string;
	/** Null where the same under another key is not looked for. */
	readonly content: Content | null;
	/** The sender retries for longer than requests are remembered: hours of both. */
	readonly outlasted: { readonly retriesForHours: number; readonly rememberedHours: number } | null;
	/** The caller chose the key, and nothing keeps callers apart. */
	readonly sharedByCallers: boolean;
	readonly doubts: KeyDoubts;
}

/** What is to be done with an item. */
export type Prepared =
	| ClaimableItem
	| { readonly kind: 'missing'; readonly missing: MissingKey }
	/** A ComplaintError where the item is to blame. */
	| { readonly kind: 'error'; readonly error: unknown };

/** Turns items into claim requests. An item that is wrong never throws: it fails by itself, and the others go on. */
export async function claimsOf(
	host: ClaimHost,
	guard: GuardTerms,
	terms: ReadonlyArray<Attempt<ItemTerms>>,
	items: readonly GuardItem[],
	secrets: StoreSecrets,
): Promise<Prepared[]> {
	const prepared: Prepared[] = [];
	for (const [itemIndex, item] of items.entries()) {
		const own = terms[itemIndex];
		if (own === undefined) throw new TypeError('Every item has terms');
		if (!own.ok) {
			prepared.push({ kind: 'error', error: own.error });
			continue;
		}
		try {
			prepared.push(await claimOf(host, guard, own.value, item, itemIndex, secrets));
		} catch (error) {
			prepared.push({ kind: 'error', error });
		}
	}
	return prepared;
}

async function claimOf(
	host: ClaimHost,
	guard: GuardTerms,
	terms: ItemTerms,
	item: GuardItem,
	itemIndex: number,
	secrets: StoreSecrets,
): Promise<Prepared> {
	const [naming, ...earlier] = namingsOf(secrets);
	const claimSettings = claimSettingsOf(host, guard, terms);
	const payload = async () => await payloadOf(host, item, itemIndex, guard.outputField);
	const key = await keyOf(terms.key, item.json, payload);
	if (key.missing) return { kind: 'missing', missing: key };
	const compared = await comparedOf(terms.compare, item.json, key, payload);
	const digests = compared === null ? null : new ComparedDigests(compared, item);
	const comparison = compared?.comparison ?? '';

	const tenant = tenantOf(terms.tenant);
	if (tenant === 'missing') throw new ComplaintError(MISSING_TENANT);
	const eventAt = eventTimeIn(terms);
	if (guard.strictAge && eventAt === null) throw new ComplaintError(AGELESS);
	// By the current naming alone: a budget never has two counters. After a change it begins anew.
	const budget =
		terms.budget === null
			? undefined
			: budgetOf(terms.budget, {
					scope: guard.scope.parts,
					tenant: tenant?.isSeparate ? tenant.value : null,
					secret: naming.secret,
				});

	const content = await contentOf(terms, item.json, key, compared, payload, {
		naming,
		scope: guard.scope,
		tenant,
	});

	const requestUnder = (its: Naming): ClaimRequest => {
		const identity = identityUnder(its, guard.scope, tenant, key);
		return {
			identity,
			owner: host.ownerOf(itemIndex),
			...(digests === null ? NOTHING_COMPARED : digests.under(its.secret, identity)),
			comparison,
			tenant: tenant === null ? '' : tenantDigestOf(tenant.value, its.secret, its.version),
			namespace: guard.scope.namespace,
			key: its.secret === '' ? labelOf(key, identity) : '',
			eventAt,
			...claimSettings,
			extendRetention: guard.extendRetention,
			strictAge: guard.strictAge,
			pending: host.pending,
			workflowId: guard.workflowId,
			executionId: host.executionId,
			// A test run takes nothing from a budget: building a workflow never blocks.
			...(budget === undefined || guard.isTestRun ? {} : { budget }),
			...(content === null ? {} : { content: content.terms }),
			...(guard.observes ? { counting: 'observed' as const } : {}),
		};
	};
	const request = requestUnder(naming);
	return {
		kind: 'claim',
		label: labelOf(key, request.identity),
		request,
		earlierRequests: earlier.map(requestUnder),
		compared,
		tenantLabel: tenantLabelOf(tenant, naming.secret, request),
		content,
		outlasted: outlasted(key, terms),
		sharedByCallers: key.chosenBy === 'caller' && tenant === null,
		doubts: keyDoubtsOf(key.parts.at(-1)),
	};
}

const NOTHING_COMPARED = { fingerprint: '', fieldDigests: Buffer.alloc(0) };

const MISSING_TENANT = {
	message:
		'The item has no tenant: "Tenant", a part of it, or what "Tenant Field" names, is empty for it',
	description:
		'Nothing was found there. An item without a tenant could get the answer to somebody else, so it is not let through. Check that the sender was authenticated, or remove the option.',
};

const AGELESS = {
	message:
		'"Time: Strict Age" needs the time of the event: "Time: Event Time" is empty for this item',
	description:
		'Without it an event that was handled before the store began would count as new. Set the option "Time: Event Time" to where the sender says when the event happened, or remove "Time: Strict Age".',
};

/** In ms; null where the item has none. @throws ComplaintError for one that can't be read */
function eventTimeIn({ eventTime }: ItemTerms): number | null {
	if (eventTime === undefined || eventTime === null || eventTime === '') return null;
	const time = eventTimeOf(eventTime);
	if (!time.ok) throw invalidParameter(`"Time: Event Time" can't be used: ${time.problem}`);
	return time.timeMs;
}

function outlasted(
	{ retriesForHours }: ItemKey,
	{ retentionMs }: ItemTerms,
): ClaimableItem['outlasted'] {
	const rememberedHours = Number((retentionMs / 3_600_000).toPrecision(10));
	return retriesForHours !== null && rememberedHours < retriesForHours
		? { retriesForHours, rememberedHours }
		: null;
}

const MAX_TENANT_LENGTH = 64;

function tenantLabelOf(tenant: Tenant | null, secret: string, request: ClaimRequest): string {
	if (tenant === null || secret !== '') return request.tenant;
	const text = typeof tenant.value === 'string' ? tenant.value : canonicalJson(tenant.value);
	return text.toWellFormed().slice(0, MAX_TENANT_LENGTH).toWellFormed();
}

function labelOf({ label }: ItemKey, identity: string): string {
	const text = (label ?? identity).toWellFormed();
	return text.length <= MAX_LABEL_LENGTH ? text : `${text.slice(0, MAX_LABEL_LENGTH - 1)}…`;
}
