import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

/** Runs a script of this checkout; `output` is all that it wrote. */
function run(args: readonly string[], input = '') {
	const done = spawnSync(process.execPath, args, { cwd: ROOT, input, encoding: 'utf8' });
	return { ok: done.status === 0, written: done.stdout, output: done.stdout + done.stderr };
}

/** From a file of this path, an import of that one: what is said against it. */
const CROSSINGS: ReadonlyArray<
	readonly [file: string, imported: string, complaint: RegExp | null]
> = [
	['lib/core/record.ts', '../keys/identity', /lib\/core stands on nothing/],
	['lib/core/record.ts', 'ioredis', /lib\/core stands on nothing/],
	['lib/core/record.ts', './budget', null],
	['lib/guard/scope.ts', 'n8n-workflow', /lib knows nothing of n8n/],
	['lib/keys/identity.ts', 'n8n-core', /lib knows nothing of n8n/],
	['lib/guard/scope.ts', '../../nodes/shared/messages', /lib knows no node/],
	['lib/keys/identity.ts', '../guard/scope', /neither the engine nor a store/],
	['lib/results/redaction.ts', '../stores/redis', /neither the engine nor a store/],
	['lib/guard/scope.ts', '../stores/redis', /The engine takes any store/],
	['lib/guard/scope.ts', '../core/store', null],
	['lib/stores/redis/list.ts', '../embedded', /A store knows no other store/],
	['lib/stores/redis/list.ts', '../../guard/scope', /A store knows no other store/],
	['lib/stores/redis/list.ts', './keys', null],
	['nodes/IdempotencyCommit/execute.ts', '../IdempotencyGuard/outputs', /imports no other node/],
	['nodes/IdempotencyCommit/execute.ts', '../run-end/hold-claims', null],
	['nodes/shared/messages.ts', '../IdempotencyGuard/outputs', /nodes\/shared is for all nodes/],
	['nodes/shared/messages.ts', '../run-end/hold-claims', /nodes\/shared is for all nodes/],
	['nodes/run-end/hold-claims.ts', '../IdempotencyGuard/outputs', /nodes\/run-end is for all/],
	['nodes/shared/messages.ts', '../../lib/stores/redis/options', /Import from lib\/stores\/redis/],
	['nodes/shared/messages.ts', '../../lib/stores/redis', null],
	['nodes/IdempotencyRecords/execute.ts', './operations/list', /Import from nodes\/Idempotency/],
	['nodes/IdempotencyRecords/execute.ts', './operations', null],
];

it('keeps the borders between folders', () => {
	const snippets = CROSSINGS.map(([file, imported]) => ({
		file,
		text: `import type {} from '${imported}';\n`,
	}));
	const linted = run(['test/house/lint-snippets.mjs'], JSON.stringify(snippets));
	const messages = JSON.parse(linted.written) as string[][];

	for (const [i, [file, imported, complaint]] of CROSSINGS.entries()) {
		const said = (messages[i] ?? []).filter((each) => /no-restricted/.test(each)).join('\n');
		const where = `${file} imports ${imported}: ${said}`;
		if (complaint === null) expect(where).toBe(`${file} imports ${imported}: `);
		else expect(where).toMatch(complaint);
	}
});

it('finds an import cycle of types alone', () => {
	const { scripts } = jest.requireActual<{ scripts: Record<string, string> }>('../../package.json');
	const [command, ...args] = (scripts['lint:cycles'] ?? '').split(' ');
	expect(command).toBe('madge');
	const options = args.filter((arg) => !['lib', 'nodes', 'credentials'].includes(arg));

	const { ok, output } = run(['node_modules/madge/bin/cli.js', ...options, 'test/house/cycle']);

	expect(output).toContain('first.ts > second.ts');
	expect(ok).toBe(false);
});

it('takes a file of 300 lines and refuses one of 301', () => {
	const folder = mkdtempSync(join(tmpdir(), 'house-'));
	try {
		mkdirSync(join(folder, 'lib'));
		writeFileSync(join(folder, 'lib', 'long.ts'), '//\n'.repeat(300));
		expect(run(['scripts/check-house.mjs', folder])).toMatchObject({ ok: true, output: '' });

		writeFileSync(join(folder, 'lib', 'long.lua'), '--\n'.repeat(301));
		const { ok, output } = run(['scripts/check-house.mjs', folder]);
		expect(output).toBe('lib/long.lua has 301 lines. Split it: 300 are the most.\n');
		expect(ok).toBe(false);
	} finally {
		rmSync(folder, { recursive: true });
	}
});
