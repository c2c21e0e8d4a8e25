/** In the place of sanitize-html: no test shows a page of n8n's forms. */
export default function sanitize(): never {
	throw new Error('The harness shows no pages');
}
