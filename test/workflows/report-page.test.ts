import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';
import { reportPage } from '../../nodes/IdempotencyRecords/report/page';
import type { DayStatistics } from '../../lib/core/statistics';

/** The report in a real browser: both colour schemes, wide and narrow, and nothing that it loads. */

const NOW = Date.parse('2026-11-24T12:00:00Z');
const DAY = 24 * 3_600_000;
const day = (
	back: number,
	namespace: string,
	over: Partial<DayStatistics> = {},
): DayStatistics => ({
	day: new Date(NOW - back * DAY).toISOString().slice(0, 10),
	namespace,
	new: 1_200 - 30 * back,
	retries: 14,
	duplicates: 310 + 9 * back,
	conflicts: 25,
	conflictsByReason: { payload_mismatch: 5, in_progress: 20 },
	observedByReason: {},
	missingKeys: 0,
	bytes: 1_500_000,
	...over,
});
const LONG = 'a-name-of-sixty-four-characters-which-is-the-longest-that-we-keep';
const html = reportPage(
	{
		days: [
			...Array.from({ length: 30 }, (_, back) => day(29 - back, 'payments')),
			day(3, '<b>&"bold"</b>', { new: 40, duplicates: 0, conflicts: 0, conflictsByReason: {} }),
			day(0, LONG),
		],
		examples: [],
		tenants: [],
		unresolved: new Map([['payments', { count: 3, oldestSince: NOW - 3 * 3_600_000 }]]),
		fromDay: '2026-10-26',
		toDay: '2026-11-24',
	},
	{
		title: 'Idempotency report',
		store: 'Redis',
		madeAt: NOW,
		places: {
			baseUrl: 'https://n8n.example/',
			names: new Map<string, string>(),
			workflow: { id: 'own', name: 'Orders', nodes: new Map() },
		},
		waiting: [],
	},
);

let server: Server;
let context: BrowserContext;
const folder = mkdtempSync(join(tmpdir(), 'idempotency-browser-'));
const asked: string[] = [];

function installedChromium(): string {
	const folders = (process.env.PATH ?? '').split(delimiter);
	const found = folders.map((each) => join(each, 'chromium')).find((each) => existsSync(each));
	if (found === undefined) throw new Error('Chromium is needed: node scripts/setup.mjs chromium');
	return found;
}

beforeAll(async () => {
	server = createServer((request, response) => {
		asked.push(request.url ?? '');
		response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	context = await chromium.launchPersistentContext(folder, {
		executablePath: installedChromium(),
		args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
	});
});
afterAll(async () => {
	await context.close();
	server.closeAllConnections();
	await new Promise((resolve) => server.close(resolve));
	rmSync(folder, { recursive: true, force: true });
});

async function open(colorScheme: 'light' | 'dark', width = 1280): Promise<[Page, string[]]> {
	const page = await context.newPage();
	const complaints: string[] = [];
	page.on('console', (message) => complaints.push(message.text()));
	page.on('pageerror', (error) => complaints.push(error.message));
	await page.emulateMedia({ colorScheme });
	await page.setViewportSize({ width, height: 900 });
	asked.length = 0;
	await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/report`);
	return [page, complaints];
}

/** Relative luminance of a colour as the browser computed it: WCAG 2. */
function luminance(rgb: string): number {
	const [r = 0, g = 0, b = 0] = (rgb.match(/\d+/g) ?? []).map((part) => {
		const value = Number(part) / 255;
		return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
	const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
	return (light + 0.05) / (dark + 0.05);
}

test.each(['light', 'dark'] as const)('%s: can be read, and loads nothing', async (scheme) => {
	const [page, complaints] = await open(scheme);
	expect(await page.locator('h1').innerText()).toBe('Idempotency report');
	const styleOf = async (selector: string, property: string) =>
		await page.evaluate<string>(
			`getComputedStyle(document.querySelector('${selector}')).${property}`,
		);
	const colours = {
		page: await styleOf('body', 'backgroundColor'),
		text: await styleOf('body', 'color'),
		card: await styleOf('.figure', 'backgroundColor'),
		quiet: await styleOf('.figure span', 'color'),
		alarm: await styleOf('.figure.alarm b', 'color'),
		bars: await Promise.all(
			['new', 'retries', 'duplicates', 'conflicts'].map(
				async (name) => await styleOf(`rect.${name}`, 'fill'),
			),
		),
	};
	expect(luminance(colours.page) < 0.2).toBe(scheme === 'dark');
	expect(contrast(colours.text, colours.page)).toBeGreaterThan(7);
	for (const colour of [colours.quiet, colours.alarm]) {
		expect(contrast(colour, colours.card)).toBeGreaterThan(4.5);
	}
	for (const bar of colours.bars) expect(contrast(bar, colours.card)).toBeGreaterThan(3);
	expect(new Set(colours.bars).size).toBe(4);
	expect(complaints).toEqual([]);
	expect(asked.filter((path) => path !== '/favicon.ico')).toEqual(['/report']);
	await page.close();
});

interface Part {
	readonly x: number;
	readonly y: number;
	readonly height: number;
	readonly title: string;
}

test('has a column a day, whose parts stand on each other and are as high as what they count', async () => {
	const [page] = await open('light');
	const parts = await page.evaluate<Part[]>(
		`[...document.querySelectorAll('svg[aria-label="Requests a day"] rect')].map((rect) => {
			const { x, y, width, height } = rect.getBBox();
			return { x, y, width, height, title: rect.textContent };
		})`,
	);
	const columns = new Map<number, Part[]>();
	for (const part of parts) columns.set(part.x, [...(columns.get(part.x) ?? []), part]);
	expect(columns.size).toBe(30);
	for (const column of columns.values()) {
		for (const [at, part] of column.entries()) {
			const below = column[at - 1];
			if (below !== undefined) expect(part.y + part.height).toBeCloseTo(below.y, 0);
			const counted = Number(/: ([\d,]+)$/.exec(part.title)?.[1]?.replaceAll(',', ''));
			const first = Number(/: ([\d,]+)$/.exec(column[0]?.title ?? '')?.[1]?.replaceAll(',', ''));
			expect(part.height / (column[0]?.height ?? 0)).toBeCloseTo(counted / first, 1);
		}
	}
	expect(parts.at(-1)?.title).toBe('2026-11-24 · Conflicts: 50');
	await page.close();
});

test('shows names as they are, and totals', async () => {
	const [page] = await open('light');
	const rows = await page.locator('tbody tr').allInnerTexts();
	expect(rows.map((row) => row.split('\t')[0])).toEqual(['payments', LONG, '<b>&"bold"</b>']);
	expect(rows[0]).toMatch(
		/^payments\t22,950\t13,215\t750\t420\t42\.9 MB\t3 since 2026-11-24 09:00$/,
	);
	expect(await page.locator('.figure.alarm').innerText()).toMatch(
		/^3\s+unresolved now, oldest since 2026-11-24 09:00$/,
	);
	expect(await page.locator('svg[aria-label="Conflicts by reason"]').textContent()).toBe(
		'Still running620Different payload155',
	);
	await page.close();
});

test('fits a telephone: only the table is wider, and scrolls by itself', async () => {
	const [page] = await open('light', 390);
	const [wide, shown] = await page.evaluate<[number, number]>(
		'[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
	);
	expect(wide).toBe(shown);
	await page.close();
});
