import { delivery, newKey } from './scenario';
import { n8n, charge, send, mend, done, unknown } from './records-harness';

/** Idempotency Records: Stats and Report. */

describe('Stats and Report', () => {
	const namespace = 'counted';
	const guard = { options: { scope: 'custom', namespace } };

	test('count what happened, and know what is unresolved', async () => {
		const begun = Date.now();
		const [key, held] = [newKey(), newKey()];
		await send(key, { guard });
		await send(key, { guard });
		await send(key, { guard });
		await n8n.run(charge({ guard }), { triggerItems: [delivery(key, { amount: 2 })] });
		const hash = await unknown(held, { guard });
		await send(held, { guard });
		const stats = { operation: 'stats', options: { namespace } };
		const [today, ...none] = await done(stats);
		expect(none).toEqual([]);
		expect(today).toMatchObject({
			namespace,
			new: 2,
			retries: 0,
			duplicates: 2,
			conflicts: 2,
			conflictsByReason: { payload_mismatch: 1, unknown_outcome: 1 },
			unresolvedNow: 1,
			day: new Date().toISOString().slice(0, 10),
		});
		expect(today?.bytes).toBeGreaterThan(10);
		const since = Date.parse(String(today?.oldestUnresolvedSince));
		expect(since).toBeGreaterThanOrEqual(begun);
		expect(since).toBeLessThanOrEqual(Date.now());
		await done({ operation: 'release', findBy: 'hash', hash });
		await send(held, { guard });
		expect((await done(stats))[0]).toMatchObject({
			new: 3,
			unresolvedNow: 0,
			oldestUnresolvedSince: null,
		});
		expect(await done({ operation: 'stats', options: { namespace: 'nobody' } })).toEqual([]);
		expect((await mend({ operation: 'stats', days: 0 })).error?.message).toMatch(/"Days" must be/);
	});

	test('are one page that loads nothing, runs nothing, and shows no markup of anybody', async () => {
		const evil = '<img src=x onerror=alert(1)>';
		const [{ html } = { html: '' }] = await done({
			operation: 'report',
			days: 7,
			options: { title: `Last week ${evil}` },
		});
		const page = String(html);
		expect(page).toMatch(/^<!DOCTYPE html>/);
		expect(page).toContain('Last week &lt;img src=x onerror=alert(1)&gt;');
		// It leads to this n8n's own pages, and to nothing else.
		const links = /<a href="[^"]*\/workflow\/[\w/-]+" target="_blank" rel="noopener">/g;
		const rest = page.replaceAll(links, '');
		expect(rest).not.toMatch(/<script|<img|<link|href=|src="|url\(|@import|https?:\/\//);
		expect(page).toContain(`default-src 'none'`);
		expect(page).toContain('prefers-color-scheme: dark');
		expect(page).toMatch(/<svg[^>]*aria-label="Requests a day"/);
		expect(page).toMatch(/<rect class="duplicates"[^>]*><title>\d{4}-\d\d-\d\d · Duplicates/);
		expect(page).toContain('Different payload');
		expect(page).toContain('<td>counted</td>');
	});

	test('of nothing is a page, too', async () => {
		const [report] = await done({ operation: 'report', options: { namespace: 'nobody' } });
		expect(report?.html).toContain('Nothing was counted in these days.');
		expect(report?.html).not.toMatch(/NaN|Infinity|undefined|null/);
	});
});
