import type { INodeExecutionData } from 'n8n-workflow';

import { eventTimeOf } from '../../lib/keys/event-time';
import { fieldDigestsOf } from '../../lib/keys/field-digests';
import { fingerprintOf, identityOf, isMissingKey, tenantDigestOf } from '../../lib/keys/identity';
import type { KeyDoubts } from '../../lib/keys/key-doubts';
import { keyDoubtsOf } from '../../lib/keys/key-doubts';
import type { ClaimRequest } from '../../lib/core/record';
import type { Complaint } from '../shared/messages';
import { complaintOf } from '../shared/messages';
import type { ItemParameters } from '../shared/parameters';
import { budgetOf, budgetTermsOf } from './budget';
import type { ClaimHost } from '../shared/claim-host';
import type { Compared, ItemKey, MissingKey } from './item-key';
import { keyOfItem } from './item-key';
import type { Scope } from './scope';
import type { GuardSettings } from '../shared/guard-settings';
import { claimSettingsOf } from '../shared/guard-settings';

/** Longest key that a record keeps for people; the identity always covers all of it. */
const MAX_LABEL_LENGTH = 200;

/** An item with a key. */
export interface ClaimableItem {
	readonly kind: 'claim';
	/** The key as its user knows it, shortened. */
	readonly label: string;
	readonly request: ClaimRequest;
	/** The same under the previous secret: records made before the change are there. */
	readonly earlierRequest: ClaimRequest | null;
	readonly compared: Compared | null;
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
	| { readonly kind: 'error'; readonly complaint: Complaint };

/** Turns items into claim requests. Never throws for an item: what is wrong with it is its own. */
export async function prepareItems(
	host: ClaimHost,
	parameters: ItemParameters,
	settings: GuardSettings,
	secrets: { readonly secret: string; readonly previousSecret: string },
	items: readonly INodeExecutionData[],
): Promise<Prepared[]> {
	const prepared: Prepared[] = [];
	for (const [itemIndex, item] of items.entries()) {
		try {
			prepared.push(await prepareItem(item, itemIndex));
		} catch (error) {
			prepared.push({ kind: 'error', complaint: complaintOf(error) });
		}
	}
	return prepared;

	async function prepareItem(item: INodeExecutionData, itemIndex: number): Promise<Prepared> {
		const claimSettings = claimSettingsOf(host, parameters, settings, itemIndex);
		if (typeof claimSettings === 'string') return invalid(claimSettings);

		const key = await keyOfItem(host, parameters, item, itemIndex, settings.outputField);
		if (key.missing) return { kind: 'missing', missing: key };

		const tenant = tenantOf(parameters, itemIndex);
		if (tenant === 'missing') return missingTenant;

		const eventAt = eventTime(parameters.get<unknown>('options.ksuidTime', itemIndex, ''));
		if (typeof eventAt === 'string') return invalid(`"Event Time" can't be used: ${eventAt}`);
		if (settings.strictAge && eventAt === null) return ageless;

		const budget = budgetTermsOf(parameters, itemIndex);
		if (budget !== null && 'message' in budget) return { kind: 'error', complaint: budget };

		const requestUnder = (secret: string): ClaimRequest => {
			const identity = identityUnder(secret, settings.scope, tenant, key);
			return {
				identity,
				owner: host.ownerOf(itemIndex),
				...fingerprintsOf(key, secret),
				tenant: tenant === null ? '' : tenantDigestOf(tenant.value, secret),
				namespace: settings.scope.namespace,
				key: secret === '' ? labelOf(key, identity) : '',
				eventAt,
				...claimSettings,
				extendRetention: settings.extendRetention,
				strictAge: settings.strictAge,
				pending: host.pending,
				workflowId: settings.workflowId,
				executionId: host.executionId,
				// Under one secret: after a change of it a budget begins anew, but never has two counters at a time.
				// A test run takes nothing: building a workflow never blocks.
				...(budget === null || settings.isTestRun
					? {}
					: {
							budget: budgetOf(budget, {
								scope: settings.scope.parts,
								tenant: tenant?.isSeparate ? tenant.value : null,
								secret: secrets.secret,
							}),
						}),
			};
		};
		const request = requestUnder(secrets.secret);
		return {
			kind: 'claim',
			label: labelOf(key, request.identity),
			request,
			earlierRequest: secrets.previousSecret === '' ? null : requestUnder(secrets.previousSecret),
			compared: key.compared,
			outlasted: outlasted(key, Number(parameters.get('retentionHours', itemIndex, 48))),
			sharedByCallers: key.callerChosen && tenant === null,
			doubts: keyDoubtsOf(key.parts.at(-1)),
		};
	}
}

/** Which record a key has. Idempotency Records finds it by the same rule. */
export function identityUnder(
	secret: string,
	scope: Scope,
	tenant: Tenant | null,
	key: ItemKey,
): string {
	return identityOf({
		scope: scope.parts,
		tenant: tenant?.isSeparate ? tenant.value : null,
		keyParts: key.parts,
		secret,
	});
}

export interface Tenant {
	/** As it came: 1 and "1" are two tenants, as they are two keys. */
	readonly value: unknown;
	/** Each tenant has its own keys; else the first tenant owns the key. */
	readonly isSeparate: boolean;
}

/** Null: the option is not used. A missing tenant is never the empty one: all who lack one would share their keys. */
export function tenantOf(parameters: ItemParameters, itemIndex: number): Tenant | null | 'missing' {
	if (!parameters.has('options.tenant')) return null;
	const value = parameters.get<unknown>('options.tenant', itemIndex, '');
	if (isMissingKey(value) || parameters.emptyPart('options.tenant', itemIndex) !== null) {
		return 'missing';
	}
	return {
		value,
		isSeparate: parameters.get('options.tenantMode', itemIndex, 'separate') === 'separate',
	};
}

const missingTenant: Prepared = {
	kind: 'error',
	complaint: {
		message: 'The item has no tenant: "Tenant", or a part of it, is empty for it',
		description:
			'The expression found nothing. An item without a tenant could get the answer to somebody else, so it is not let through. Check that the sender was authenticated, or remove the option "Tenant".',
	},
};

const ageless: Prepared = {
	kind: 'error',
	complaint: {
		message: '"Strict Age" needs the time of the event: "Event Time" is empty for this item',
		description:
			'Without it an event that was handled before the store began would count as new. Set the option "Event Time" to where the sender says when the event happened, or remove "Strict Age".',
	},
};

function fingerprintsOf({ compared }: ItemKey, secret: string) {
	if (compared === null) return { fingerprint: '', fieldDigests: Buffer.alloc(0) };
	return {
		fingerprint: fingerprintOf(compared.value, secret),
		fieldDigests: fieldDigestsOf(compared.fields, secret),
	};
}

function outlasted(
	{ retriesForHours }: ItemKey,
	rememberedHours: number,
): ClaimableItem['outlasted'] {
	return retriesForHours !== null && rememberedHours < retriesForHours
		? { retriesForHours, rememberedHours }
		: null;
}

function eventTime(value: unknown): number | null | string {
	if (value === undefined || value === null || value === '') return null;
	const time = eventTimeOf(value);
	return time.ok ? time.timeMs : time.problem;
}

function labelOf({ label }: ItemKey, identity: string): string {
	const text = (label ?? identity).toWellFormed();
	return text.length <= MAX_LABEL_LENGTH ? text : `${text.slice(0, MAX_LABEL_LENGTH - 1)}…`;
}

function invalid(message: string): Prepared {
	return {
		kind: 'error',
		complaint: { message, description: 'Correct the parameter in Idempotency Guard.' },
	};
}
