/** The table of `npm run test:faults`: in a terminal and in docs/evidence.md. */

const COLUMNS = [
	['fault', ({ fault }) => fault],
	['store', ({ store }) => (store === 'redis' ? 'Redis' : store)],
	['runs', ({ runs }) => String(runs)],
	['keys', ({ keys }) => String(keys)],
	['side effects', ({ sideEffects }) => String(sideEffects)],
	['violations', ({ violations }) => String(violations)],
	['unprotected keys', ({ unprotected }) => String(unprotected ?? '')],
];
const NAMES = COLUMNS.map(([name]) => name);
const NUMBERS_FROM = 2;

const cellsOf = (row) => COLUMNS.map(([, cell]) => cell(row));

/** @param {ReadonlyArray<import('../../test/faults/report').FaultRow>} rows */
export function terminalTable(rows) {
	const lines = [NAMES, ...rows.map(cellsOf)];
	const widths = NAMES.map((_, i) => Math.max(...lines.map((cells) => cells[i].length)));
	const pad = (cell, i) => (i < NUMBERS_FROM ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
	return lines.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}

/** @param {ReadonlyArray<import('../../test/faults/report').FaultRow>} rows */
export function markdownTable(rows) {
	const line = (cells) => `| ${cells.join(' | ')} |`;
	const rule = NAMES.map((_, i) => (i < NUMBERS_FROM ? '---' : '--:'));
	return [NAMES, rule, ...rows.map(cellsOf)].map(line).join('\n');
}

const BEGIN = '<!-- written by npm run test:faults -- --write-docs -->';
const END = '<!-- end of what test:faults wrote -->';

/** @returns {string} the text with this table in the place of the one it had */
export function withTable(text, table) {
	const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
	if (from === -1 || to < from)
		throw new Error(`The place of the table is marked by "${BEGIN}" and "${END}"`);
	return `${text.slice(0, from)}${BEGIN}\n\n${table}\n\n${text.slice(to)}`;
}

/** Which faults a text lists, and whether it says of each that nothing protects against it. */
export function faultsIn(text) {
	const table = text.slice(text.indexOf(BEGIN), text.indexOf(END));
	return table
		.split('\n')
		.filter((line) => line.startsWith('| '))
		.slice(2)
		.map((line) => line.split('|').map((cell) => cell.trim()))
		.map((cells) => labelOf({ fault: cells[1], store: cells[2], unprotected: cells[7] || null }));
}

export const labelOf = ({ fault, store, unprotected }) =>
	`${fault} (${store.toLowerCase()}${unprotected === null ? '' : ', unprotected'})`;
