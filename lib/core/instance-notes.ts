import type { SecretNote } from './store';

/** An n8n that uses a store notes itself beside the secrets: under one key prefix, workflows with the same id share their keys. */

const BEFORE = 'n8n.';

/** For how long an instance that is not heard of again counts as one that uses the store. */
export const INSTANCE_NOTED_MS = 7 * 24 * 3_600_000;

/** @param digest names the instance: main process and workers have the same */
export function instanceNoteOf(digest: string): string {
	return BEFORE + digest;
}

export function isInstanceNote({ id }: SecretNote): boolean {
	return id.startsWith(BEFORE);
}

/** What it means where several n8n use a store; null where it is one at most. @param what tells them apart: "Key Prefix" */
export function sharingOf(notes: readonly SecretNote[], what: string): string | null {
	const count = notes.filter(isInstanceNote).length;
	if (count < 2) return null;
	return `${count} n8n instances used it in the last 7 days: a workflow that is imported into several of them shares its keys, and Idempotency Records of one settles claims of another. Give each n8n a "${what}" of its own, unless that is meant.`;
}
