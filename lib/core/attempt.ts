export type Attempt<T> = { readonly ok: true; readonly value: T } | Failure;

export interface Failure {
	readonly ok: false;
	readonly error: unknown;
}

/** What came of it, as a value: the caller decides which errors it can answer and throws the others. */
export function attempt<T>(work: () => T): Attempt<T> {
	try {
		return { ok: true, value: work() };
	} catch (error) {
		return { ok: false, error };
	}
}

export async function attemptAsync<T>(work: () => Promise<T>): Promise<Attempt<T>> {
	try {
		return { ok: true, value: await work() };
	} catch (error) {
		return { ok: false, error };
	}
}
