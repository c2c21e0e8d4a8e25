import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CANARY } from './generators';

/** One thing that must hold whatever comes. */
export interface FuzzProperty {
	readonly name: string;
	/** Cases a round; fewer where one costs more. */
	readonly cases: number;
	readonly property: fc.IRawProperty<unknown>;
}

export function property<T extends [unknown, ...unknown[]]>(
	name: string,
	arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
	holds: (...values: T) => void | Promise<void>,
	cases = 200,
): FuzzProperty {
	const tuple = fc.tuple(...arbitraries) as unknown as fc.Arbitrary<T>;
	const made = fc.asyncProperty(tuple, async (values) => await holds(...values));
	return { name, cases, property: made as unknown as fc.IRawProperty<unknown> };
}

/** Something told what it must not tell. */
export class Leak extends Error {
	override readonly name = 'Leak';
}

/** @param texts what a caller, a log or somebody who looks into the store may see */
export function noLeak(where: string, ...texts: unknown[]): void {
	for (const text of texts) {
		const shown = typeof text === 'string' ? text : (JSON.stringify(text) ?? '');
		if (shown.includes(CANARY)) throw new Leak(`${where} shows a planted value: ${shown}`);
	}
}

/** What `work` gives, or `undefined` where it throws an error that it may throw. Any other error goes on. */
export function unlessRefused<T>(
	work: () => T,
	allowed: abstract new (...args: never[]) => Error,
): T | undefined {
	try {
		return work();
	} catch (error) {
		assert.ok(error instanceof allowed, `an unexpected ${String(error)}`);
		noLeak('an error', error.message);
		return undefined;
	}
}
