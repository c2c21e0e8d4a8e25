import type { DayStatistics, Unresolved } from '../../../lib/core/statistics';
import type { ListedRecord } from '../../../lib/core/listing';
import type { StoreFinding } from '../../shared/store-health';
import type { Statistics } from '../statistics';
import type { Column, Series } from './charts';
import { columnChart, escaped, formatted } from './charts';
import type { KnownPlaces } from '../places';
import { placeOf } from '../places';
import { observedSection, reasonChart } from './reasons';
import { storeSection } from './store';
import { STYLE } from './style';
import { link, waitingTable } from './waiting';

const DAY_MS = 24 * 3_600_000;

const SERIES: readonly Series[] = [
	{ name: 'new', label: 'New' },
	{ name: 'retries', label: 'Tried again' },
	{ name: 'duplicates', label: 'Duplicates blocked' },
	{ name: 'conflicts', label: 'Conflicts' },
];

export interface PageOptions {
	readonly title: string;
	/** Where the counters are from, in words. */
	readonly store: string;
	/** ms since 1970 */
	readonly madeAt: number;
	readonly places: KnownPlaces;
	/** The oldest of what waits for somebody. */
	readonly waiting: readonly ListedRecord[];
	/** What the store is; left out where it was not looked at. */
	readonly health?: readonly StoreFinding[];
}

/** The counters as one HTML page. It loads nothing, runs no script, and says so to the browser. */
export function reportPage(statistics: Statistics, options: PageOptions): string {
	const { unresolved, fromDay, toDay } = statistics;
	const isTest = ({ namespace }: DayStatistics) => placeOf(namespace, options.places).isTestRun;
	const days = statistics.days.filter((day) => !isTest(day));
	const testDays = statistics.days.filter(isTest);
	const waiting = options.waiting.filter(
		({ record }) => !placeOf(record.namespace, options.places).isTestRun,
	);
	const title = escaped(options.title);
	const madeAt = `${new Date(options.madeAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
	return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header><h1>${title}</h1><p>${fromDay} to ${toDay} (UTC) · ${escaped(options.store)} · made ${madeAt}</p></header>
${figures(days, unresolved)}
<section><h2>What waits for you</h2>${waitingTable(waiting, waitingIn(days, unresolved).count, options.places)}</section>
<section><h2>Requests a day</h2>${dayChart({ ...statistics, days })}</section>
<section><h2>Conflicts by reason</h2>${reasonChart(
		'Conflicts by reason',
		days.map(({ conflictsByReason }) => conflictsByReason),
		'There were no conflicts.',
	)}</section>
${observedSection(days, statistics.examples, options.places)}<section><h2>Where</h2>${namespaceTable(days, unresolved, options.places)}</section>
${testDays.length === 0 ? '' : `<section><h2>Test runs from the editor</h2>${namespaceTable(testDays, unresolved, options.places)}</section>`}
${storeSection(options.health ?? [])}</main>
</body>
</html>
`;
}

function figures(
	days: readonly DayStatistics[],
	unresolved: ReadonlyMap<string, Unresolved>,
): string {
	const { count, oldest } = waitingIn(days, unresolved);
	const figure = (value: string, words: string, alarm = false) =>
		`<div class="figure${alarm ? ' alarm' : ''}"><b>${value}</b><span>${words}</span></div>`;
	const total = (name: 'new' | 'retries' | 'duplicates' | 'conflicts' | 'bytes') =>
		days.reduce((all, day) => all + day[name], 0);
	return `<section class="figures">${[
		figure(formatted(total('new')), 'new requests'),
		figure(formatted(total('duplicates')), 'duplicates blocked'),
		figure(formatted(total('conflicts')), 'conflicts'),
		figure(formatted(total('retries')), 'tried again'),
		figure(sizeOf(total('bytes')), 'results stored'),
		figure(
			formatted(count),
			count === 0 ? 'unresolved now' : `unresolved now, oldest since ${minuteOf(oldest)}`,
			count > 0,
		),
	].join('')}</section>`;
}

/** What is unresolved in the namespaces that are shown. */
function waitingIn(
	days: readonly DayStatistics[],
	unresolved: ReadonlyMap<string, Unresolved>,
): { count: number; oldest: number } {
	const shown = new Set(days.map(({ namespace }) => namespace));
	const waiting = [...unresolved].filter(([namespace]) => shown.has(namespace));
	return {
		count: waiting.reduce((all, [, { count: each }]) => all + each, 0),
		oldest: Math.min(...waiting.map(([, { oldestSince }]) => oldestSince)),
	};
}

function dayChart({ days, fromDay, toDay }: Statistics): string {
	if (days.every(isEmpty)) return nothing('Nothing was counted in these days.');
	const columns: Column[] = [];
	for (let at = Date.parse(fromDay); at <= Date.parse(toDay); at += DAY_MS) {
		const label = new Date(at).toISOString().slice(0, 10);
		const ofDay = days.filter(({ day }) => day === label);
		const sum = (name: 'new' | 'retries' | 'duplicates' | 'conflicts') =>
			ofDay.reduce((all, day) => all + day[name], 0);
		columns.push({
			label,
			values: [sum('new'), sum('retries'), sum('duplicates'), sum('conflicts')],
		});
	}
	const legend = SERIES.map(({ name, label }) => `<li><i class="${name}"></i>${label}</li>`);
	return `<ul class="legend">${legend.join('')}</ul>${columnChart('Requests a day', SERIES, columns)}`;
}

function namespaceTable(
	days: readonly DayStatistics[],
	unresolved: ReadonlyMap<string, Unresolved>,
	places: KnownPlaces,
): string {
	const namespaces = new Map<string, DayStatistics[]>();
	for (const day of days) {
		namespaces.set(day.namespace, [...(namespaces.get(day.namespace) ?? []), day]);
	}
	if (namespaces.size === 0) return nothing('No Guard has used this store in these days.');
	const rows = [...namespaces].map(([namespace, own]) => {
		const sum = (name: 'new' | 'retries' | 'duplicates' | 'conflicts' | 'bytes') =>
			own.reduce((all, day) => all + day[name], 0);
		const waiting = unresolved.get(namespace);
		return {
			requests: sum('new') + sum('retries') + sum('duplicates') + sum('conflicts'),
			cells: [
				`<td>${placeCell(namespace, places)}</td>`,
				...(['new', 'duplicates', 'conflicts', 'retries'] as const).map(
					(name) => `<td>${formatted(sum(name))}</td>`,
				),
				`<td>${sizeOf(sum('bytes'))}</td>`,
				waiting === undefined
					? '<td>0</td>'
					: `<td class="alarm">${formatted(waiting.count)} since ${minuteOf(waiting.oldestSince)}</td>`,
			],
		};
	});
	rows.sort((a, b) => b.requests - a.requests);
	const head = [
		'Workflow and node',
		'New',
		'Duplicates',
		'Conflicts',
		'Tried again',
		'Results',
		'Unresolved',
	];
	return `<div class="wide"><table><thead><tr>${head.map((name) => `<th>${name}</th>`).join('')}</tr></thead><tbody>${rows.map(({ cells }) => `<tr>${cells.join('')}</tr>`).join('')}</tbody></table></div>`;
}

function placeCell(namespace: string, places: KnownPlaces): string {
	const { href, label } = placeOf(namespace, places);
	return link(href, label);
}

const isEmpty = (day: DayStatistics) =>
	day.new + day.retries + day.duplicates + day.conflicts === 0;

const nothing = (words: string) => `<p class="nothing">${words}</p>`;

const minuteOf = (ms: number) => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

function sizeOf(bytes: number): string {
	const units = ['B', 'KB', 'MB', 'GB', 'TB'];
	const unit = Math.min(
		Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1024)),
		units.length - 1,
	);
	const value = bytes / 1024 ** unit;
	return `${formatted(Math.round(value * 10) / 10)} ${units[unit]}`;
}
