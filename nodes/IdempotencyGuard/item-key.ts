import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { canonicalJson } from '../../lib/keys/canonical-json';
import type { SenderValue } from '../../lib/senders/delivery-ids';
import { deliveryIdOf, senderOf } from '../../lib/senders/delivery-ids';
import { valueAtPath, withoutPaths } from '../../lib/keys/field-paths';
import { isMissingKey } from '../../lib/keys/identity';
import { shortened } from '../shared/messages';
import type { ItemParameters } from '../shared/parameters';
import { pathsIn } from '../shared/parameters';
import type { ClaimHost } from '../shared/claim-host';
import type { Payload } from './payload';
import { payloadOf, topFieldsOf } from './payload';

export type KeySource = 'delivery' | 'expression' | 'fields' | 'payload';
type Compare = 'auto' | 'payload' | 'except' | 'fields' | 'none';

/** What makes an item the same request as another, and what must then be the same. */
export interface ItemKey {
	readonly missing: false;
	/** Goes into the identity. */
	readonly parts: readonly unknown[];
	/** The key as its user knows it; null for a whole payload, which has no shorter name. */
	readonly label: string | null;
	/** Null: nothing is compared. */
	readonly compared: Compared | null;
	/** Whoever calls chooses the key, so that two callers may choose the same. */
	readonly callerChosen: boolean;
	/** Hours for which the sender retries, where that is known. */
	readonly retriesForHours: number | null;
}

export interface Compared {
	readonly value: unknown;
	/** Its top-level fields, to say which differ. */
	readonly fields: ReadonlyArray<readonly [name: string, value: unknown]>;
}

export interface MissingKey {
	readonly missing: true;
	readonly message: string;
	readonly description: string;
}

/** @throws CanonicalJsonError for a key or payload that has no canonical form. */
export async function keyOfItem(
	host: ClaimHost,
	parameters: ItemParameters,
	item: INodeExecutionData,
	itemIndex: number,
	outputField: string,
): Promise<ItemKey | MissingKey> {
	const source = parameters.get<KeySource>('keySource', itemIndex, 'delivery');
	const payload = () => payloadOf(host, item, itemIndex, outputField);
	if (source === 'payload') return keyOfPayload(await payload());

	const found = findKey(source, parameters, item.json, itemIndex);
	if (found.missing) return found;
	const compared = await comparedOf(parameters, item.json, itemIndex, found.senderChosen, payload);
	return {
		missing: false,
		parts: found.parts,
		label: found.label,
		compared,
		callerChosen: source === 'delivery' && !found.senderChosen,
		retriesForHours: found.retriesForHours,
	};
}

function keyOfPayload({ value, isEmpty }: Payload): ItemKey | MissingKey {
	if (isEmpty) {
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
		compared: null,
		callerChosen: false,
		retriesForHours: null,
	};
}

interface FoundKey {
	readonly missing: false;
	readonly parts: readonly unknown[];
	readonly label: string;
	/** An ID of the sender's own for the event: its retries may differ in counters. */
	readonly senderChosen: boolean;
	readonly retriesForHours: number | null;
}

function findKey(
	source: Exclude<KeySource, 'payload'>,
	parameters: ItemParameters,
	json: IDataObject,
	itemIndex: number,
): FoundKey | MissingKey {
	switch (source) {
		case 'delivery':
			return deliveryKey(parameters.get<'auto' | SenderValue>('sender', itemIndex, 'auto'), json);
		case 'expression':
			return customKey(
				parameters.get<unknown>('key', itemIndex, ''),
				parameters.emptyPart('key', itemIndex),
			);
		case 'fields':
			return fieldsKey(pathsIn(parameters.get('keyFields', itemIndex, '')), json);
	}
}

function deliveryKey(sender: 'auto' | SenderValue, json: IDataObject): FoundKey | MissingKey {
	const id = deliveryIdOf({ json }, sender);
	if (!id.found) {
		return {
			missing: true,
			message: id.message,
			description:
				'Choose the sender in "Sender", or set "Recognize Duplicates By" to a value or to fields that identify the request.',
		};
	}
	const { callerChosen, retriesForHours } = senderOf(id.sender);
	return {
		missing: false,
		parts: ['delivery', id.sender, id.scope, id.id],
		label: id.id,
		senderChosen: !callerChosen,
		retriesForHours,
	};
}

function customKey(value: unknown, emptyPart: string | null): FoundKey | MissingKey {
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
		senderChosen: false,
		retriesForHours: null,
	};
}

function fieldsKey(paths: readonly string[], json: IDataObject): FoundKey | MissingKey {
	if (paths.length === 0) {
		return {
			missing: true,
			message: '"Fields" is empty',
			description: 'Name at least one field, for example body.orderId.',
		};
	}
	const values = paths.map((path): [string, unknown] => [path, valueAtPath(json, path)]);
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
		senderChosen: false,
		retriesForHours: null,
	};
}

async function comparedOf(
	parameters: ItemParameters,
	json: IDataObject,
	itemIndex: number,
	senderChosen: boolean,
	payload: () => Promise<Payload>,
): Promise<Compared | null> {
	const compare = parameters.get<Compare>('compare', itemIndex, 'auto');
	switch (compare === 'auto' ? (senderChosen ? 'none' : 'payload') : compare) {
		case 'none':
			return null;
		case 'fields': {
			const fields = pathsIn(parameters.get('compareFields', itemIndex, '')).map(
				(path): [string, unknown] => [path, valueAtPath(json, path) ?? null],
			);
			return { value: fields, fields };
		}
		case 'except': {
			const left = withoutPaths(
				(await payload()).value,
				pathsIn(parameters.get('excludeFields', itemIndex, '')),
			) as IDataObject;
			return { value: left, fields: topFieldsOf(left) };
		}
		default: {
			const { value } = await payload();
			return { value, fields: topFieldsOf(value) };
		}
	}
}
