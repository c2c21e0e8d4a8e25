/** What HubSpot decodes in the URL before it signs; all else stays as it is. Source: its page on request validation. */
const DECODED: Readonly<Record<string, string>> = {
	'%3A': ':',
	'%2F': '/',
	'%3F': '?',
	'%40': '@',
	'%21': '!',
	'%24': '$',
	'%27': "'",
	'%28': '(',
	'%29': ')',
	'%2A': '*',
	'%2C': ',',
	'%3B': ';',
};

/** As it came, and as HubSpot writes it. */
export function hubSpotUrls(url: string): readonly string[] {
	return [url, url.replace(/%[\dA-F]{2}/gi, (code) => DECODED[code.toUpperCase()] ?? code)];
}
