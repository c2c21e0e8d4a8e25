const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]+)-----END \1-----/g;

/**
 * PEM as it was before a one-line field took its line breaks, or wrote them as `\n`. Undefined where `text` holds none.
 */
export function pemIn(text: string): string | undefined {
	const lines = text.replace(/\\r?\\n|\\n/g, '\n');
	const blocks = [...lines.matchAll(BLOCK)].map(([block, label, body = '']) =>
		// Headers of an old, encrypted key are kept as they are.
		body.includes(':')
			? block
			: `-----BEGIN ${label}-----\n${body.trim().split(/\s+/).join('\n')}\n-----END ${label}-----`,
	);
	return blocks.length === 0 ? undefined : `${blocks.join('\n')}\n`;
}
