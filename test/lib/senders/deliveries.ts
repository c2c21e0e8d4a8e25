import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { deliveryIdOf, type SenderValue } from '../../../lib/senders/delivery-ids';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface Fixture {
	readonly id: string;
	readonly scope: string | null;
	readonly first: JsonObject;
	/** What a retry changes, and what another event changes, as JSON merge patches (RFC 7396). */
	readonly retry: JsonObject;
	readonly other: JsonObject;
}

export function fixtureOf(sender: SenderValue): Fixture {
	const file = join(__dirname, '..', '..', 'fixtures', 'senders', `${sender}.json`);
	return JSON.parse(readFileSync(file, 'utf8')) as Fixture;
}

export function patched(target: Json | undefined, patch: Json): Json {
	if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
	const result: JsonObject =
		typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
	for (const [key, value] of Object.entries(patch)) {
		if (value === null) delete result[key];
		else result[key] = patched(result[key], value);
	}
	return result;
}

export const first = (sender: SenderValue) => fixtureOf(sender).first;
export const changed = (sender: SenderValue, patch: JsonObject) => patched(first(sender), patch);
export const bodyOf = (json: Json) => (json as JsonObject)['body'] as Json;

export function foundIn(json: unknown, sender: 'auto' | SenderValue) {
	const answer = deliveryIdOf({ json }, sender);
	if (!answer.found) throw new Error(answer.message);
	return answer;
}

export function refusalOf(json: unknown, sender: 'auto' | SenderValue) {
	const answer = deliveryIdOf({ json }, sender);
	if (answer.found) throw new Error(`found ${answer.id} of ${answer.sender}`);
	return answer;
}
