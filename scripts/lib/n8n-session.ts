import type { Account } from './n8n';

/** What n8n's editor asks of its server, signed in. */
export class N8nSession {
	private constructor(
		private readonly url: string,
		private readonly cookie: string,
	) {}

	/** @param url where n8n's editor is */
	static async signIn(url: string, { email, password }: Account): Promise<N8nSession> {
		const response = await fetch(`${url}/rest/login`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ emailOrLdapLoginId: email, password }),
		});
		const cookie = response.headers.getSetCookie().map((each) => each.split(';')[0]);
		if (!response.ok) throw new Error(`n8n refused to sign in: ${await response.text()}`);
		return new N8nSession(url, cookie.join('; '));
	}

	/** The `data` of the answer. @throws with n8n's words where it refuses. */
	async call<T>(method: string, path: string, body?: unknown): Promise<T> {
		const response = await fetch(`${this.url}${path}`, {
			method,
			headers: { cookie: this.cookie, 'content-type': 'application/json' },
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
		const text = await response.text();
		if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
		const answer = JSON.parse(text) as T | { data: T };
		return typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : answer;
	}
}
