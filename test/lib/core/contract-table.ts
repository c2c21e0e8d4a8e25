import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The table "Transitions" of docs/contract.md, so that the page and the tests can't say two things. */

const PAGE = join(__dirname, '../../../docs/contract.md');

export interface ContractRow {
	readonly event: string;
	/** What the page says, by column, without the numbers of footnotes. */
	readonly cells: ReadonlyMap<string, string>;
}

export function readContract(): { columns: readonly string[]; rows: readonly ContractRow[] } {
	const page = readFileSync(PAGE, 'utf8');
	const lines = page.slice(page.indexOf('\n## Transitions\n')).split('\n');
	const table = lines.filter((line) => line.startsWith('| ')).map(cellsOf);
	const [[, ...columns] = [], , ...rest] = table;
	return {
		columns,
		rows: rest.map(([event = '', ...cells]) => ({
			event,
			cells: new Map(columns.map((column, i) => [column, cells[i] ?? ''])),
		})),
	};
}

function cellsOf(line: string): string[] {
	const cells = line.split('|').slice(1, -1);
	return cells.map((cell) => cell.replace(/[⁰¹²³⁴-⁹]/g, '').trim());
}
