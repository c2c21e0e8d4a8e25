/** Charts as inline SVG: colours come from the page's style, so that one page fits light and dark. */

export interface Series {
	/** Class of its colour. */
	readonly name: string;
	readonly label: string;
}

export interface Column {
	readonly label: string;
	/** A value for each series. */
	readonly values: readonly number[];
}

const WIDTH = 960;
const HEIGHT = 260;
const LEFT = 52;
const TOP = 12;
const BOTTOM = 28;
const MOST_LABELS = 10;

/** Stacked columns over time, with a scale; each part tells its number when pointed at. */
export function columnChart(
	title: string,
	series: readonly Series[],
	columns: readonly Column[],
): string {
	const most = Math.max(1, ...columns.map(({ values }) => sum(values)));
	const step = niceStep(most / 4);
	const top = Math.ceil(most / step) * step;
	const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
	const slot = (WIDTH - LEFT) / Math.max(1, columns.length);
	const width = Math.min(Math.max(slot * 0.72, 1), 56);
	const labelEvery = Math.ceil(columns.length / MOST_LABELS);

	const grid = Array.from({ length: Math.round(top / step) + 1 }, (_, n) => {
		const at = round(y(n * step));
		return `<line class="grid" x1="${LEFT}" x2="${WIDTH}" y1="${at}" y2="${at}"/><text class="tick" x="${LEFT - 8}" y="${at + 4}" text-anchor="end">${formatted(n * step)}</text>`;
	});
	const bars = columns.map(({ label, values }, at) => {
		const x = round(LEFT + at * slot + (slot - width) / 2);
		let below = 0;
		const parts = values.map((value, of) => {
			if (value === 0) return '';
			const from = y(below);
			below += value;
			const { name = '', label: what = '' } = series[of] ?? {};
			const words = escaped(`${label} · ${what}: ${formatted(value)}`);
			return `<rect class="${name}" x="${x}" y="${round(y(below))}" width="${round(width)}" height="${round(from - y(below))}"><title>${words}</title></rect>`;
		});
		const text =
			at % labelEvery === 0
				? `<text class="tick" x="${round(x + width / 2)}" y="${HEIGHT - 8}" text-anchor="middle">${escaped(label.slice(5))}</text>`
				: '';
		return parts.join('') + text;
	});
	return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">${grid.join('')}${bars.join('')}</svg>`;
}

/** One horizontal bar a row, longest first as given. */
export function barChart(
	title: string,
	name: string,
	rows: ReadonlyArray<{ readonly label: string; readonly value: number }>,
): string {
	const [row, left, right] = [30, 200, 90];
	const most = Math.max(1, ...rows.map(({ value }) => value));
	const bars = rows.map(({ label, value }, at) => {
		const width = round(((WIDTH - left - right) * value) / most);
		const middle = at * row + row / 2;
		return `<text class="label" x="${left - 10}" y="${middle + 5}" text-anchor="end">${escaped(label)}</text><rect class="${name}" x="${left}" y="${at * row + 5}" width="${Math.max(width, 1)}" height="${row - 10}" rx="3"/><text class="label" x="${left + width + 8}" y="${middle + 5}">${formatted(value)}</text>`;
	});
	return `<svg viewBox="0 0 ${WIDTH} ${rows.length * row}" role="img" aria-label="${escaped(title)}">${bars.join('')}</svg>`;
}

/** 1, 2 or 5 times a power of ten, at least 1. */
function niceStep(rough: number): number {
	const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
	return Math.max(1, ([1, 2, 5, 10].find((by) => by * power >= rough) ?? 10) * power);
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

const round = (value: number) => Math.round(value * 10) / 10;

export const formatted = (value: number) => value.toLocaleString('en');

export function escaped(text: string): string {
	return text
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;')
		.replaceAll('"', '&quot;')
		.replaceAll("'", '&#39;');
}
