import { until } from '../support/until';
import { delivery, newKey } from './scenario';
import { downstream, n8n, charge, send, mend, done, unknown } from './records-harness';

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
		expect(page).toContain('a file in n8n&#39;s own folder');
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

	test.each(['node', 'workflow'] as const)(
		'say where by the names that another workflow has (scope: %s)',
		async (scope) => {
			const id = scope === 'node' ? 'OrdersWorkflow01' : 'OrdersWorkflow02';
			const json = { ...charge({ id, guard: { options: { scope } } }), name: 'Orders & <more>' };
			const key = newKey();
			downstream.nextFor(key, { status: 500 });
			await n8n.run(json, { triggerItems: [delivery(key)] });
			const where = scope === 'node' ? 'Orders & <more> › Guard' : 'Orders & <more>';
			const list = { operation: 'list', filters: { workflowId: id } };
			// It is noted beside the claims, which do not wait for it.
			await until('the name is noted', async () => (await done(list))[0]?.where === where);
			const [item] = await done(list);
			expect(Object.keys(item ?? {}).slice(0, 2)).toEqual(['state', 'reason']);
			expect(item).toMatchObject({
				nodeUrl: expect.stringMatching(`/workflow/${id}${scope === 'node' ? '/' : '$'}`),
				executionUrl: expect.stringMatching(`/workflow/${id}/executions/`),
			});
			const [hash, namespace] = [String(item?.hash), String(item?.namespace)];
			const get = await done({ operation: 'get', findBy: 'hash', hash });
			expect(get).toEqual([expect.objectContaining({ found: true, where })]);
			const stats = await done({ operation: 'stats', options: { namespace } });
			expect(stats).toEqual([expect.objectContaining({ where, nodeUrl: item?.nodeUrl })]);
			const [report] = await done({ operation: 'report', options: { namespace } });
			const told = where.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;');
			expect(report?.html).toContain(`href="${String(item?.nodeUrl)}"`);
			expect(report?.html).toContain(`>${told}</a>`);
		},
	);

	test('of nothing is a page, too', async () => {
		const [report] = await done({ operation: 'report', options: { namespace: 'nobody' } });
		expect(report?.html).toContain('Nothing was counted in these days.');
		expect(report?.html).not.toMatch(/NaN|Infinity|undefined|null/);
	});
});
