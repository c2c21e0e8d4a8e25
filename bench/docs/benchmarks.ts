import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { CHECKOUT } from '../../scripts/lib/checkout.mjs';
import { IN_N8N } from '../correctness/in-n8n';
import { SCENARIOS } from '../correctness/scenarios';
import type { Profile, Report, Row, Verdict } from '../report';
import { FIGURES, targetOf } from './figures';
import { PLOTS, type PlotName, drawPlots, fileOf } from './plots';

/** Writes docs/benchmarks.md, and its plots, of what a whole run found. */
export async function writeBenchmarks(report: Report, versions: readonly string[]): Promise<void> {
	await drawPlots(report.points, join(CHECKOUT, 'docs', 'images'));
	const text = [
		'# Benchmarks',
		`Written by \`npm run bench -- --write-docs\` on ${new Date().toISOString().slice(0, 10)}. Ours and theirs ran in turn in one run, and each figure is a median, so trust the ratios more than the figures, which vary from machine to machine and from run to run.`,
		versions.join('\n'),
		'`npm run bench` measures all of it again; `npm run bench -- claim-batch wait` some rows, `npm run bench -- correctness`, `growth` and `profile` the other parts, and `--short` does less of each.',
		'## Side effects',
		'The same faults for each, with real processes and a real Redis. Each cell is how often it acted: **bold** where that is not what it should be.',
		sideEffectsTable(report.verdicts.filter(({ scenario }) => !IN_N8N.has(scenario))),
		SCENARIOS.map(({ name, about, expected }) => `- **${name}** (${expected}): ${about}.`).join(
			'\n',
		),
		'To hold a request whose outcome nobody knows is our default; with *Run Again* the next delivery acts on purpose, and the late commit of the first run is refused. Peers that act once after a crash do so because they hold a request without a lease: nobody may act on it until it is forgotten, and SET NX says nothing of it to anyone. The key of a peer that knows no payload is the text that `JSON.stringify` writes of it.',
		'### In n8n',
		'Orders, each delivered 4 times at once, to a workflow that charges. Before the storm each workflow was seen to charge once for two deliveries one after the other.',
		toldTable(report.verdicts.filter(({ scenario }) => IN_N8N.has(scenario))),
		'### What the senders were told',
		toldTable(report.verdicts.filter(({ scenario }) => !IN_N8N.has(scenario))),
		'## What a user feels: in n8n',
		'Speed in one real n8n. A ratio over 1 is where ours is better.',
		rowsTable(report.rows.filter(isFelt)),
		...missedFigures(report.rows.filter(isFelt)),
		'## The stores: speed and size',
		rowsTable(report.rows.filter((row) => !isFelt(row))),
		...missedFigures(report.rows.filter((row) => !isFelt(row))),
		'## Where the time goes',
		'One run of each, in microseconds an operation: the time that passed, the CPU time of our process and of Redis (which work at the same time where they can), and what Redis says its commands took. The time of a script (`evalsha`) includes the commands that it calls; the rest of it is Lua.',
		profilesTable(report.profiles),
		'## As work grows',
		'Each on a store that starts empty. The file of the embedded store includes its log, which is up to 16 MB, and PostgreSQL’s figure its empty tables and indexes: they count for much where there are few records.',
		(Object.keys(PLOTS) as PlotName[])
			.map((plot) => `![${PLOTS[plot].title}](images/${fileOf(plot)})`)
			.join('\n\n'),
		...soaked(),
	].join('\n\n');
	await writeFile(join(CHECKOUT, 'docs', 'benchmarks.md'), `${text}\n`);
}

/** What `npm run soak -- --write-docs` drew, where it ran. */
function soaked(): string[] {
	const file = 'images/soak.svg';
	if (!existsSync(join(CHECKOUT, 'docs', file))) return [];
	return [
		'## Under a steady load',
		'What real n8n processes hold, and how long they take to answer, while new requests and repeats come all the time (`npm run soak`): with each store, and without our nodes.',
		`![Memory, file handles and answer times over the minutes](${file})`,
	];
}

/** What a user feels, apart from what a store does behind it. */
const FELT = new Set([
	'in-n8n',
	'guard-in-n8n',
	'guard-alone',
	'edge',
	'big-body',
	'noisy-tenant',
	'wait',
]);
const isFelt = ({ bench }: Row): boolean => FELT.has(bench);

function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
	const line = (cells: readonly string[]) =>
		`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
	return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const figure = (value: number): string => value.toLocaleString('en-US');

function rowsTable(rows: readonly Row[]): string {
	return table(
		['bench', 'what', 'against', 'unit', 'ours', 'theirs', 'ratio', 'to reach', ''],
		rows.map((row) => {
			const to = FIGURES[row.bench];
			return [
				...[`\`${row.bench}\``, to?.about ?? '', row.peer, row.unit],
				...[figure(row.ours), figure(row.theirs), String(row.ratio)],
				...[targetOf(row), to === undefined ? '' : to.reached(row) ? 'reached' : 'not reached'],
			];
		}),
	);
}

/** Why, for each bench with a row that was not reached. */
function missedFigures(rows: readonly Row[]): string[] {
	const missed = new Set(
		rows.filter((row) => FIGURES[row.bench]?.reached(row) === false).map((row) => row.bench),
	);
	const reasons = [...missed].flatMap((bench) => {
		const why = FIGURES[bench]?.why;
		return why === undefined ? [] : [`- \`${bench}\`: ${why}`];
	});
	return reasons.length === 0 ? [] : ['What is not reached, and why:', reasons.join('\n')];
}

function profilesTable(profiles: readonly Profile[]): string {
	return table(
		['bench', 'side', 'time', 'CPU here', 'CPU of Redis', 'of which commands'],
		profiles.map(({ of, side, wall, clientCpu, redisCpu, commands }) => [
			...[`\`${of}\``, side, ...[wall, clientCpu, redisCpu].map(String)],
			Object.entries(commands)
				.map(([name, micros]) => `${name} ${micros}`)
				.join(', '),
		]),
	);
}

function sideEffectsTable(verdicts: readonly Verdict[]): string {
	const scenarios = [...new Set(verdicts.map(({ scenario }) => scenario))];
	const peers = [...new Set(verdicts.map(({ peer }) => peer))];
	return table(
		['', ...scenarios],
		peers.map((peer) => [
			peer,
			...scenarios.map((scenario) => {
				const found = verdicts.find((each) => each.peer === peer && each.scenario === scenario);
				return found === undefined ? '' : sideEffectsOf(found);
			}),
		]),
	);
}

function sideEffectsOf({ sideEffects, expected, told }: Verdict): string {
	if (sideEffects === null) return `cannot run: ${told}`;
	return sideEffects === expected ? String(sideEffects) : `**${sideEffects}**`;
}

function toldTable(verdicts: readonly Verdict[]): string {
	return table(
		['scenario', '', 'acted', 'should act', 'told'],
		verdicts.map((verdict) => [
			...[verdict.scenario, verdict.peer],
			...[sideEffectsOf(verdict), String(verdict.expected), verdict.told],
		]),
	);
}
