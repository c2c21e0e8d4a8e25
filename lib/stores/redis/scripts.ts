import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster, Redis } from 'ioredis';

/** A client for one server, or for a cluster. */
export type Client = Redis | Cluster;

/** A reply of a script, strings as bytes. */
export type ScriptReply = ReadonlyArray<Buffer | number | null | ScriptReply>;

/** First the number of keys, then KEYS, then ARGV: each script's header says which. */
export type ScriptArguments = Array<string | Buffer | number>;

export const SCRIPT_NAMES = [
	'claim',
	'budget',
	'command',
	'operate',
	'read',
	'list',
	'notices',
] as const;
export type ScriptName = (typeof SCRIPT_NAMES)[number];

const FOLDER = join(__dirname, 'scripts');
const INCLUDE = /^-- @include (\w+)$/gm;

/** The text of a script, with the parts that it shares with others in the place of its `-- @include` lines. */
export function scriptText(name: string): string {
	return readFileSync(join(FOLDER, `${name}.lua`), 'utf8').replace(INCLUDE, (_, part: string) =>
		scriptText(part),
	);
}

let texts: ReadonlyMap<ScriptName, string> | undefined;

/** Makes the scripts commands of a client, which sends a script's text where the server does not know its digest. */
export function defineScripts(client: Client): void {
	texts ??= new Map(SCRIPT_NAMES.map((name) => [name, scriptText(name)]));
	for (const [name, lua] of texts) client.defineCommand(commandOf(name), { lua });
}

/** Runs a script; ioredis routes by the first key. */
export async function runScript(
	client: Client,
	name: ScriptName,
	args: ScriptArguments,
): Promise<ScriptReply> {
	const commands = client as unknown as Record<string, ScriptCommand>;
	return await commands[`${commandOf(name)}Buffer`]!(...args);
}

/** About how many bytes are sent for a script. */
export function bytesOf(args: ScriptArguments): number {
	let bytes = 0;
	for (const arg of args) bytes += typeof arg === 'number' ? 0 : arg.length;
	return bytes;
}

type ScriptCommand = (...args: ScriptArguments) => Promise<ScriptReply>;

function commandOf(name: ScriptName): string {
	return `idempotency_${name}`;
}
