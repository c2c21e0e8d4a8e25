const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]+)-----END \1-----/g;

/**
 * PEM as it was before a one-line field took its line breaks, or wrote them as `\n`. Undefined where `text` holds none.
 */
function pemIn(text: string): string | undefined {
	const lines = text.replace(/\\r?\\n|\\n/g, '\n');
	const blocks = [...lines.matchAll(BLOCK)].map(([block, label, body = '']) =>
		// Headers of an old, encrypted key are kept as they are.
		body.includes(':')
			? block
			: `-----BEGIN ${label}-----\n${body.trim().split(/\s+/).join('\n')}\n-----END ${label}-----`,
	);
	return blocks.length === 0 ? undefined : `${blocks.join('\n')}\n`;
}

/** Of a credential, as typed. */
interface TlsFields {
	readonly ca?: string;
	readonly cert?: string;
	readonly key?: string;
	readonly servername?: string;
}

/** The fields with their line breaks. @throws what `wrong` makes of the words, where they can't be used */
export function tlsFieldsIn(
	{ ca, cert, key, servername }: TlsFields,
	wrong: (words: string) => Error,
): TlsFields {
	if ((cert === undefined) !== (key === undefined)) {
		throw wrong('"Client Certificate" and "Client Key" belong together: fill in both, or none');
	}
	const read = (field: string, text: string | undefined) => {
		if (text === undefined) return undefined;
		const pem = pemIn(text);
		if (pem !== undefined) return pem;
		throw wrong(
			`"${field}" is not PEM: it begins with -----BEGIN and ends with -----END and a name`,
		);
	};
	return {
		ca: read('CA Certificate', ca),
		cert: read('Client Certificate', cert),
		key: read('Client Key', key),
		servername,
	};
}
