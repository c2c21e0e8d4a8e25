import { keepBody } from '../../../nodes/IdempotentWebhook/kept-bodies';
import { heldBytes } from '../../../nodes/IdempotentWebhook/request';

/** Which bodies are kept while their requests wait for another run. */

const MB = 1024 * 1024;
const form = (field: string) => ({ rawBody: null, json: { body: { field } } });

it('the fields of a form count, though nobody has its raw body', () => {
	expect(heldBytes({ rawBody: Buffer.alloc(5), json: {} })).toBe(5);
	expect(heldBytes({ rawBody: null, json: {} })).toBeLessThan(10);
	expect(heldBytes(form('é'.repeat(100)))).toBeGreaterThan(200);
	const large = keepBody(heldBytes(form('x'.repeat(2 * MB))), '');
	expect(large.isKept).toBe(false);
});

it('no more than a budget for all of them, and it is given back', () => {
	const kept = Array.from({ length: 20 }, () => keepBody(MB, ''));
	expect(kept.filter(({ isKept }) => isKept)).toHaveLength(16);
	for (const each of kept) each.release();
	const again = keepBody(MB, '');
	expect(again.isKept).toBe(true);
	again.release();
});
