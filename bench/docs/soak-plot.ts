import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as VegaLite from '../../node_modules/vega-lite/build/index';

import { loadVega } from './vega.mjs';

/** What `npm run soak` found of one n8n. */
export interface SoakRun {
	readonly mode: string;
	readonly name: string;
	readonly minutes: number;
	readonly requests: number;
	readonly slices: ReadonlyArray<{
		readonly minute: number;
		readonly rssMb: number;
		readonly files: number;
		readonly answerMs: number;
	}>;
}

const FIGURES = { rssMb: 'memory, MB', files: 'file handles', answerMs: 'answer, ms' } as const;

/** Draws memory, file handles and answer times over the minutes as `soak.svg`. */
export async function drawSoak(runs: readonly SoakRun[], folder: string): Promise<void> {
	const { vega, vegaLite } = await loadVega();
	const values = runs.flatMap(({ mode, name, slices }) =>
		slices.flatMap(({ minute, ...held }) =>
			Object.entries(FIGURES).map(([figure, title]) => ({
				mode: `${mode} mode`,
				n8n: name,
				minute,
				figure: title,
				value: held[figure as keyof typeof FIGURES],
			})),
		),
	);
	const { spec } = vegaLite.compile({
		$schema: 'https://vega.github.io/schema/vega-lite/v6.json',
		background: 'white',
		data: { values },
		facet: {
			row: { field: 'figure', type: 'nominal', title: null },
			column: { field: 'mode', type: 'nominal', title: null },
		},
		spec: {
			width: 320,
			height: 140,
			mark: { type: 'line' },
			encoding: {
				x: { field: 'minute', type: 'quantitative', title: 'minutes' },
				y: { field: 'value', type: 'quantitative', title: null, scale: { zero: true } },
				color: { field: 'n8n', type: 'nominal', title: 'n8n with the store' },
			},
		},
		resolve: { scale: { y: 'independent' } },
	} as VegaLite.TopLevelSpec);
	const svg = await new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG();
	await writeFile(join(folder, 'soak.svg'), `${svg}\n`);
}
