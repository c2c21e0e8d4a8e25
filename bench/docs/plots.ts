import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as VegaLite from '../../node_modules/vega-lite/build/index';
import type { Point } from '../report';
import { loadVega } from './vega.mjs';

/** The plots of docs/benchmarks.md: SVG, drawn by Vega without a browser. */

export const PLOTS = {
	batch: {
		title: 'New claims a second, by the size of the batch',
		x: 'items in the batch',
		y: 'claims a second',
		log: true,
	},
	records: {
		title: 'New claims a second (batches of 100), by the records that are there',
		x: 'records in the store',
		y: 'claims a second',
		log: false,
	},
	settle: {
		title: 'Claims settled a second at the end of a run that failed',
		x: 'claims of the run',
		y: 'claims settled a second',
		log: true,
	},
	list: {
		title: 'Records listed a second, page by page',
		x: 'records in the store',
		y: 'records a second',
		log: true,
	},
	memory: {
		title: 'Bytes a record, index and counters included',
		x: 'records in the store',
		y: 'bytes a record',
		log: true,
	},
} as const;

const STORE_NAMES = {
	embedded: 'embedded (file)',
	redis: 'Redis (memory)',
	postgres: 'PostgreSQL (tables)',
} as const;

export type PlotName = keyof typeof PLOTS;

export const fileOf = (plot: PlotName): string => `bench-${plot}.svg`;

/** Draws each plot that there are points of into `folder`. */
export async function drawPlots(points: readonly Point[], folder: string): Promise<void> {
	const { vega, vegaLite } = await loadVega();
	for (const plot of Object.keys(PLOTS) as PlotName[]) {
		const { spec } = vegaLite.compile(specOf(plot, points));
		const svg = await new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG();
		await writeFile(join(folder, fileOf(plot)), `${svg}\n`);
	}
}

function specOf(plot: PlotName, points: readonly Point[]): VegaLite.TopLevelSpec {
	const { title, x, y, log } = PLOTS[plot];
	const values = points
		.filter((point) => point.plot === plot)
		.map(({ store, size, value }) => ({ size, value, store: STORE_NAMES[store] }));
	return {
		$schema: 'https://vega.github.io/schema/vega-lite/v6.json',
		title,
		width: 560,
		height: 300,
		background: 'white',
		data: { values },
		mark: { type: 'line', point: true },
		encoding: {
			x: {
				field: 'size',
				type: 'quantitative',
				title: x,
				scale: { type: 'log' },
				axis: { format: '~s', values: [...new Set(values.map(({ size }) => size))] },
			},
			y: {
				field: 'value',
				type: 'quantitative',
				title: y,
				axis: { format: '~s', tickCount: 6 },
				...(log ? { scale: { type: 'log' } } : { scale: { zero: true } }),
			},
			color: { field: 'store', type: 'nominal', title: 'store' },
		},
	};
}
