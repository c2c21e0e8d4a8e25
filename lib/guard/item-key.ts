import { canonicalJson } from '../keys/canonical-json';
import { valueAtPath } from '../keys/field-paths';
import { identityOf, isMissingKey } from '../keys/identity';
import type { KeyNormalization } from '../keys/normalize-key';
import { normalizedKey } from '../keys/normalize-key';
import type { DeliveryIdentity, SenderValue } from '../senders/delivery-ids';
import { deliveryIdOf, senderOf } from '../senders/delivery-ids';
import type { Complaint } from './complaint';
import { shortened } from './complaint';
import { exampleField } from './example-field';
import type { JsonObject } from './item';
import type { Naming } from './naming';
import type { Payload } from './payload';
import type { Scope } from './scope';
import type { Tenant } from './tenant';
import type { KeyTerms } from './terms';

/** What makes an item the same request as another. */
export interface ItemKey {
	readonly missing: false;
	/** Goes into the identity. */
	readonly parts: readonly unknown[];
	/** The key as its user knows it; null for a whole payload, which has no shorter name. */
	readonly label: string | null;
	/**
	 * `sender`: an ID of its own for the event. `caller`: whoever calls, so that two callers may choose the same. `workflow`: whoever made
	 * the workflow.
	 */
	readonly chosenBy: 'sender' | 'caller' | 'workflow';
	/** Hours for which the sender retries, where that is known. */
	readonly retriesForHours: number | null;
}

export interface MissingKey extends Complaint {
	readonly missing: true;
}

/** @throws CanonicalJsonError for a key that has no canonical form. */
export async function keyOf(
	terms: KeyTerms,
	json: JsonObject,
	payload: () => Promise<Payload>,
): Promise<ItemKey | MissingKey> {
	switch (terms.source) {
		case 'delivery':
			return deliveryKey(terms.sender, terms.identity, json);
		case 'expression':
			return customKey(normalized(terms.value, terms.normalize), terms.emptyPart);
		case 'fields':
			return fieldsKey(terms.paths, terms.normalize, json);
		case 'payload':
			return payloadKey(await payload());
	}
}

/** Which record a key has. @throws CanonicalJsonError as `keyOf` */
export function identityUnder(
	{ secret, version }: Naming,
	scope: Scope,
	tenant: Tenant | null,
	key: ItemKey,
): string {
	return identityOf({
		scope: scope.parts,
		tenant: tenant?.isSeparate ? tenant.value : null,
		keyParts: key.parts,
		secret,
		version,
	});
}

const normalized = (value: unknown, how: KeyNormalization | null): unknown =>
	how === null ? value : normalizedKey(value, how);

function payloadKey({ value, isEmpty }: Payload): ItemKey | MissingKey {
	if (isEmpty()) {
		return {
			missing: true,
			message: 'The item has no payload to recognize it by',
			description:
				'All empty requests would share one key, and one would get the answer to another. Recognize duplicates by something that the sender gives, such as a header.',
		};
	}
	return {
		missing: false,
		parts: ['payload', value],
		label: null,
		chosenBy: 'workflow',
		retriesForHours: null,
	};
}

function deliveryKey(
	sender: 'auto' | SenderValue,
	identity: DeliveryIdentity,
	json: JsonObject,
): ItemKey | MissingKey {
	const id = deliveryIdOf({ json }, sender, identity);
	if (!id.found) {
		return {
			missing: true,
			message: id.message,
			description: `Set "Recognize Duplicates By" to "Custom Value", e.g. ${exampleField(json)}. If the sender is in the list of "Sender", choose it there.`,
		};
	}
	const { callerChosen, retriesForHours } = senderOf(id.sender);
	return {
		missing: false,
		parts: ['delivery', id.sender, id.scope, id.id],
		label: id.id,
		chosenBy: callerChosen ? 'caller' : 'sender',
		retriesForHours,
	};
}

function customKey(value: unknown, emptyPart: string | null): ItemKey | MissingKey {
	if (emptyPart !== null) {
		return {
			missing: true,
			message: `"Value" has an empty part for this item: ${emptyPart}`,
			description:
				"Check that the field exists in the input of this node. All items without it would share one key, so they are not let through. Where it may be absent, say what stands for it, for example {{ $json.version ?? 'none' }}.",
		};
	}
	if (isMissingKey(value)) {
		return {
			missing: true,
			message: '"Value" is empty for this item',
			description:
				'The expression found nothing. Check that the field exists in the input of this node. Items without a key would all share one, so they are not let through.',
		};
	}
	return {
		missing: false,
		parts: ['value', value],
		label: typeof value === 'string' ? value : canonicalJson(value),
		chosenBy: 'workflow',
		retriesForHours: null,
	};
}

function fieldsKey(
	paths: readonly string[],
	normalize: KeyNormalization | null,
	json: JsonObject,
): ItemKey | MissingKey {
	if (paths.length === 0) {
		return {
			missing: true,
			message: '"Fields" is empty',
			description: 'Name at least one field, for example body.orderId.',
		};
	}
	const values = paths.map((path): [string, unknown] => [
		path,
		normalized(valueAtPath(json, path), normalize),
	]);
	const absent = values.filter(([, value]) => isMissingKey(value)).map(([path]) => path);
	if (absent.length > 0) {
		return {
			missing: true,
			message: `The item has no value in ${absent.map((path) => `"${path}"`).join(', ')}`,
			description: `Its fields are: ${Object.keys(json).slice(0, 20).map(shortened).join(', ')}. Paths begin there, for example body.orderId.`,
		};
	}
	const sorted = values.sort(([a], [b]) => (a < b ? -1 : 1));
	return {
		missing: false,
		parts: ['fields', sorted],
		label: canonicalJson(Object.fromEntries(sorted)),
		chosenBy: 'workflow',
		retriesForHours: null,
	};
}
