import { types } from 'node:util';

import type { StoreProblem } from '../../core/reply';
import { StoreError } from '../../core/reply';
import { withAdvice } from '../checked-store';
import { adviceFor } from './advice';
import type { Rule } from './error-rules';
import { RULES } from './error-rules';

/** What a script said of one item, in Redis' own words. */
export class ScriptError extends Error {
	override readonly name = 'ScriptError';
}

export function scriptError(words: string): ScriptError {
	return new ScriptError(words);
}

/** No connection within the time, or no answer. */
export class RedisTimeout extends Error {
	override readonly name = 'RedisTimeout';

	constructor(
		readonly phase: 'connect' | 'command',
		ms: number,
	) {
		super(`no answer within ${ms} ms`);
	}
}

/** Turns what ioredis, Node or a script said into the store's words. */
export function storeErrorOf(error: unknown, address: string): StoreError {
	if (error instanceof StoreError) return withAdvice(error, adviceFor);
	const rule = ruleOf(error);
	// The error itself is not kept as the cause: ioredis puts the command into it, with the password where it was AUTH.
	const words = messageOf(error);
	if (rule === undefined) {
		return new StoreError('unexpected', `Redis at ${address}: ${words}`, {
			advice: adviceFor('unexpected'),
		});
	}
	return new StoreError(rule.problem, rule.says(address) + (words === '' ? '' : ` (${words})`), {
		advice: rule.advice ?? adviceFor(rule.problem),
	});
}

/** A failure whose cause is known. @param advice '': that of the problem */
export function causeOf(problem: StoreProblem, happened: string, advice: string): StoreError {
	return new StoreError(problem, happened, { advice: advice || adviceFor(problem) });
}

/** Whether it may be asked again at once. */
export function isPassing(error: unknown): boolean {
	return ruleOf(error)?.passing === true;
}

/** Whether another connection may do better: this one is broken, leads to a replica, or answers no more. */
export function isOfConnection(error: unknown): boolean {
	const problem = ruleOf(error)?.problem;
	return problem === 'unreachable' || problem === 'read_only' || problem === 'timeout';
}

/** Whether a look at the servers may tell more: what was said fits many causes. */
export function isVague(error: unknown): boolean {
	const problem = ruleOf(error)?.problem;
	return (
		problem === 'unreachable' ||
		problem === 'unsupported' ||
		problem === 'cluster_down' ||
		codesOf(error).includes('MOVED')
	);
}

function ruleOf(error: unknown): Rule | undefined {
	const codes = codesOf(error);
	const message = messageOf(error);
	return (
		RULES.find(({ code }) => codes.some((word) => code?.test(word))) ??
		RULES.find((rule) => rule.message?.test(message))
	);
}

/** Also of another realm, where `instanceof` says no. */
function isError(error: unknown): error is Error {
	return types.isNativeError(error);
}

/** Node's code, the error's name, and the first word of Redis' own message. */
function codesOf(error: unknown): string[] {
	if (!isError(error)) return [];
	const codes = [error.name];
	if ('code' in error && typeof error.code === 'string') codes.unshift(error.code);
	const word = /^([A-Z]{2,})\b/.exec(error.message)?.[1];
	if (word !== undefined) codes.push(word);
	return codes;
}

/** One line, without what a script's name and line number add, and without arguments: of AUTH they are a password. */
function messageOf(error: unknown): string {
	const text = isError(error) ? error.message : String(error);
	return (text.split('\n')[0] ?? '')
		.replace(/,? with args beginning with.*$/i, '')
		.replace(/,? ?script: [0-9a-f]{40}.*$/, '')
		.slice(0, 300);
}
