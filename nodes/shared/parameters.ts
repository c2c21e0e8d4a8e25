import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';

import { ownNodeOf } from './engine';
import { emptyPartOf } from './template-parts';

/** A node's parameters. A fixed value is read once for all items, an expression once for each item. */
export interface ItemParameters {
	/** The parameter's value for an item. `name` may name an option: `options.scope`. */
	get<T>(name: string, itemIndex: number, fallback: T): T;
	/** Whether the user set the parameter, to an empty value or any other. */
	has(name: string): boolean;
	/** The part of a text like `order-{{ $json.id }}` that is empty for an item; null where there is none. */
	emptyPart(name: string, itemIndex: number): string | null;
}

export function itemParametersOf(context: IExecuteFunctions): ItemParameters {
	return parametersOf(context, (name, itemIndex, fallback) =>
		context.getNodeParameter(name, itemIndex, fallback as string),
	);
}

/** The parameters of a node that answers a request: there is one item, the request. */
export function requestParametersOf(context: IWebhookFunctions): ItemParameters {
	return parametersOf(context, (name, _itemIndex, fallback) =>
		context.getNodeParameter(name, fallback as string),
	);
}

function parametersOf(
	context: IExecuteFunctions | IWebhookFunctions,
	read: (name: string, itemIndex: number, fallback: unknown) => unknown,
): ItemParameters {
	const { parameters: raw } = ownNodeOf(context);
	const known = new Map<string, unknown>();
	return {
		get<T>(name: string, itemIndex: number, fallback: T): T {
			if (known.has(name)) return known.get(name) as T;
			const own = ownValue(raw, name);
			if (isExpression(own)) return read(name, itemIndex, fallback) as T;
			// Asking n8n for a plain value costs much, and gives the same.
			const value = isPlain(own) ? (own ?? fallback) : read(name, itemIndex, fallback);
			known.set(name, value);
			return value as T;
		},
		has: (name) => ownValue(raw, name) !== undefined,
		emptyPart: (name, itemIndex) => emptyPartOf(context, ownValue(raw, name), itemIndex),
	};
}

/** The names of parameters, split once. */
const paths = new Map<string, readonly string[]>();

function pathOf(name: string): readonly string[] {
	const path = paths.get(name) ?? name.split('.');
	paths.set(name, path);
	return path;
}

function ownValue(source: unknown, name: string): unknown {
	let value = source;
	for (const key of pathOf(name)) {
		if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
		value = (value as Record<string, unknown>)[key];
	}
	return value;
}

/** Also a list of such values, as where several may be chosen. */
function isPlain(value: unknown): boolean {
	if (Array.isArray(value)) return value.every((each) => isPlain(each) && !isExpression(each));
	return PLAIN.has(typeof value);
}

const PLAIN: ReadonlySet<string> = new Set(['undefined', 'string', 'number', 'boolean']);

function isExpression(value: unknown): boolean {
	return typeof value === 'string' && value.startsWith('=');
}

/** A list of field paths as users write it: separated by commas. */
export function pathsIn(text: unknown): string[] {
	if (typeof text !== 'string') return [];
	return text
		.split(',')
		.map((path) => path.trim())
		.filter((path) => path !== '');
}
