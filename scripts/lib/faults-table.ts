import type { FaultRow } from '../../test/faults/report';

/** The table of `npm run test:faults`: in a terminal and in docs/evidence.md. */

type Cell = (row: FaultRow) => string;

const TITLES: Readonly<Record<string, string>> = { redis: 'Redis', postgres: 'PostgreSQL' };

const titleOf = (store: string): string => TITLES[store] ?? store;

const COLUMNS: ReadonlyArray<readonly [name: string, cell: Cell]> = [
	['fault', ({ fault }) => fault],
	['store', ({ store }) => titleOf(store)],
	['runs', ({ runs }) => String(runs)],
	['keys', ({ keys }) => String(keys)],
	['side effects', ({ sideEffects }) => String(sideEffects)],
	['violations', ({ violations }) => String(violations)],
	['unprotected keys', ({ unprotected }) => String(unprotected ?? '')],
];
const NAMES = COLUMNS.map(([name]) => name);
const NUMBERS_FROM = 2;

const cellsOf = (row: FaultRow): string[] => COLUMNS.map(([, cell]) => cell(row));

export function terminalTable(rows: readonly FaultRow[]): string {
	const lines = [NAMES, ...rows.map(cellsOf)];
	const widths = NAMES.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)));
	const pad = (cell: string, i: number): string => {
		const width = widths[i] ?? 0;
		return i < NUMBERS_FROM ? cell.padEnd(width) : cell.padStart(width);
	};
	return lines.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}

export function markdownTable(rows: readonly FaultRow[]): string {
	const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
	const rule = NAMES.map((_, i) => (i < NUMBERS_FROM ? '---' : '--:'));
	return [NAMES, rule, ...rows.map(cellsOf)].map(line).join('\n');
}

const BEGIN = '<!-- written by npm run test:faults -- --write-docs -->';
const END = '<!-- end of what test:faults wrote -->';

/** @returns the text with this table in the place of the one it had */
export function withTable(text: string, table: string): string {
	const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
	if (from === -1 || to < from)
		throw new Error(`The place of the table is marked by "${BEGIN}" and "${END}"`);
	return `${text.slice(0, from)}${BEGIN}\n\n${table}\n\n${text.slice(to)}`;
}

/** Which faults a text lists, and whether it says of each that nothing protects against it. */
export function faultsIn(text: string): string[] {
	const table = text.slice(text.indexOf(BEGIN), text.indexOf(END));
	return table
		.split('\n')
		.filter((line) => line.startsWith('| '))
		.slice(2)
		.map((line) => line.split('|').map((cell) => cell.trim()))
		.map(([, fault = '', store = '', , , , , unprotected]) =>
			labelOf({ fault, store, unprotected: unprotected || null }),
		);
}

interface Labelled {
	readonly fault: string;
	readonly store: string;
	/** Null where something protects against it. */
	readonly unprotected: string | number | null;
}

export const labelOf = ({ fault, store, unprotected }: Labelled): string =>
	`${fault} (${titleOf(store)}${unprotected === null ? '' : ', unprotected'})`;
