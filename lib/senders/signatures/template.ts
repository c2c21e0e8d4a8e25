/** What is signed, as a text with places: `{timestamp}.{body}`. */

const PLACES = ['body', 'id', 'method', 'timestamp', 'url'] as const;
export type Place = (typeof PLACES)[number];

/** The pieces of a template, or the place in it that nobody knows. */
export type Template = ReadonlyArray<{ readonly text: string } | { readonly place: Place }>;

export function parseTemplate(template: string): Template | { readonly unknown: string } {
	const pieces: Array<{ text: string } | { place: Place }> = [];
	for (const piece of template.split(/(\{[^{}]*\})/)) {
		if (piece === '') continue;
		const name = /^\{([^{}]*)\}$/.exec(piece)?.[1];
		if (name === undefined) pieces.push({ text: piece });
		else if (isPlace(name)) pieces.push({ place: name });
		else return { unknown: piece };
	}
	return pieces;
}

export function hasPlace(template: Template, place: Place): boolean {
	return template.some((piece) => 'place' in piece && piece.place === place);
}

export function filled(
	template: Template,
	values: Readonly<Record<Place, string | Uint8Array>>,
): Array<string | Uint8Array> {
	return template.map((piece) => ('place' in piece ? values[piece.place] : piece.text));
}

function isPlace(name: string): name is Place {
	return (PLACES as readonly string[]).includes(name);
}
