/** What a sender of a webhook sees. */
export interface Reply {
	readonly status: number;
	/** The JSON of the answer, or its text. */
	readonly body: unknown;
}

/** Sends one delivery, once. */
export async function deliver(
	url: string,
	body: object,
	headers: Record<string, string> = {},
): Promise<Reply> {
	const response = await fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json', ...headers },
		body: JSON.stringify(body),
	});
	const text = await response.text();
	try {
		return { status: response.status, body: JSON.parse(text) as unknown };
	} catch {
		return { status: response.status, body: text };
	}
}
