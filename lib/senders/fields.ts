import { type Delivery, ownAt } from './delivery';
import type { Reading } from './sender';

/** Longest id taken. A longer one is refused, never cut: two cut ids could be one. */
export const MAX_ID_LENGTH = 255;

/** A place in a delivery that holds (a part of) its id. */
export interface Field {
	readonly label: string;
	read(delivery: Delivery): FieldText;
}

export type FieldText =
	| { readonly kind: 'absent' }
	| { readonly kind: 'malformed'; readonly why: string }
	| { readonly kind: 'text'; readonly text: string };

export function header(name: string): Field {
	const label = `the header ${name}`;
	const key = name.toLowerCase();
	return { label, read: (delivery) => headerText(delivery.header(key), label) };
}

export function bodyField(...path: string[]): Field {
	const label = `the body field ${path.join('.')}`;
	return { label, read: (delivery) => valueText(ownAt(delivery.body, path), label) };
}

export function jsonField(...path: string[]): Field {
	const label = `the field ${path.join('.')}`;
	return { label, read: (delivery) => valueText(ownAt(delivery.json, path), label) };
}

/** The first of several places that holds anything. */
export function firstOf(...fields: Field[]): Field {
	return {
		label: fields.map((field) => field.label).join(' or '),
		read: (delivery) =>
			fields.map((field) => field.read(delivery)).find((text) => text.kind !== 'absent') ?? {
				kind: 'absent',
			},
	};
}

/** One value that may be in either of two places; where it is in both, it must be the same. */
export function theSame(a: Field, b: Field): Field {
	const label = `${a.label} or ${b.label}`;
	return {
		label,
		read: (delivery) => {
			const [first, second] = [a.read(delivery), b.read(delivery)];
			if (first.kind === 'absent' || second.kind === 'malformed') return second;
			if (second.kind === 'absent' || first.kind === 'malformed') return first;
			return first.text === second.text ? first : malformed(`${label} came with different values`);
		},
	};
}

/** A value of one event, by its path. */
export function eventField(event: unknown, ...path: string[]): Field {
	const label = `the event's ${path.join('.')}`;
	return { label, read: () => valueText(ownAt(event, path), label) };
}

/**
 * A JSON value as (a part of) an id: text, or an integer that JSON carries exactly. Control
 * characters and lone surrogates are refused, since they don't survive every store.
 */
export function valueText(value: unknown, label: string): FieldText {
	if (value === undefined || value === null) return { kind: 'absent' };
	if (typeof value === 'number') {
		return Number.isSafeInteger(value)
			? { kind: 'text', text: String(value) }
			: malformed(`${label} is a number that JSON does not carry exactly; it must be sent as text`);
	}
	if (typeof value !== 'string') return malformed(`${label} is neither text nor a number`);
	if (value.trim() === '') return malformed(`${label} is empty`);
	if (value.length > MAX_ID_LENGTH) return malformed(tooLong(label));
	if (/[\p{Cc}\p{Cs}]/u.test(value)) return malformed(`${label} contains control characters`);
	return { kind: 'text', text: value };
}

function headerText(values: readonly unknown[], label: string): FieldText {
	const texts = values.map((value) =>
		valueText(typeof value === 'string' ? trimHeader(value) : value, label),
	);
	const [first = { kind: 'absent' } as const] = texts;
	const refused = texts.find((text) => text.kind === 'malformed');
	if (refused) return refused;
	if (first.kind !== 'text') return first;
	if (texts.some((text) => text.kind === 'text' && text.text !== first.text)) {
		return malformed(`${label} came more than once, with different values`);
	}
	// A header that came twice is joined by a comma on the way here, and no sender's id has one.
	return /^[\x21-\x2b\x2d-\x7e]+$/.test(first.text)
		? first
		: malformed(`${label} contains a comma, a space or other characters that no ID has`);
}

/** Without the blanks that HTTP allows around a header's value (RFC 9110, 5.5). */
export function trimHeader(value: string): string {
	let start = 0;
	let end = value.length;
	while (start < end && isBlank(value[start])) start++;
	while (end > start && isBlank(value[end - 1])) end--;
	return value.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
	return character === ' ' || character === '\t';
}

export function tooLong(label: string): string {
	return `${label} is longer than ${MAX_ID_LENGTH} characters`;
}

function malformed(why: string): FieldText {
	return { kind: 'malformed', why };
}

/**
 * Reads an id of one or more required parts, optional parts, and a scope whose parts may be absent.
 * Several parts become a JSON array, so that no two lists of parts give the same text.
 */
export function readId(
	delivery: Delivery,
	parts: {
		readonly required: readonly Field[];
		readonly optional?: readonly Field[];
		readonly scope?: readonly Field[];
		/** A first part that keeps kinds of ids apart. */
		readonly tag?: string;
	},
): Reading {
	const required = parts.required.map((field) => field.read(delivery));
	const optional = (parts.optional ?? []).map((field) => field.read(delivery));
	const scope = (parts.scope ?? []).map((field) => field.read(delivery));
	for (const text of [...required, ...optional, ...scope]) {
		if (text.kind === 'malformed') return { kind: 'malformed', why: text.why };
	}
	const missing = parts.required.filter((_, index) => required[index]?.kind === 'absent');
	if (missing.length > 0) {
		return { kind: 'missing', why: `${missing.map((f) => f.label).join(' and ')} is missing` };
	}
	const tag = parts.tag === undefined ? [] : [parts.tag];
	const texts = [...tag, ...[...required, ...optional].map(textOrNull)];
	const scopeTexts = scope.map(textOrNull);
	return {
		kind: 'id',
		id: joined(texts) ?? '',
		scope: scopeTexts.every((text) => text === null) ? null : joined(scopeTexts),
	};
}

/** Reads a delivery that holds one event. Several must be split, or one would stand for all. */
export function oneEvent<Event>(
	events: readonly Event[],
	where: string,
	read: (event: Event) => Reading,
): Reading {
	const [first] = events;
	if (events.length > 1) {
		return { kind: 'must_split', why: `${where} holds ${events.length} events` };
	}
	return first === undefined ? { kind: 'missing', why: `${where} holds no event` } : read(first);
}

function textOrNull(text: FieldText): string | null {
	return text.kind === 'text' ? text.text : null;
}

function joined(texts: ReadonlyArray<string | null>): string | null {
	return texts.length === 1 ? (texts[0] ?? null) : JSON.stringify(texts);
}
