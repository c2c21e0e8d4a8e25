/** Bodies of requests that wait for another run, in bytes as they came: parsed they take several times as much. */
const MOST_BYTES = 16 * 1024 * 1024;
const LARGEST = 1024 * 1024;

let kept = 0;

/**
 * Whether the body of a request that begins to wait is kept, so that it can start a run of its own when the other one gives up. Any
 * number of requests may wait without: they can only be answered. `release` when the waiting is over.
 */
export function keepBody(bytes: number): { readonly isKept: boolean; release(): void } {
	if (bytes > LARGEST || kept + bytes > MOST_BYTES)
		return { isKept: false, release: () => undefined };
	kept += bytes;
	let isReleased = false;
	return {
		isKept: true,
		release: () => {
			if (!isReleased) kept -= bytes;
			isReleased = true;
		},
	};
}

/** Lets go of the body, wherever it is held while the request waits. */
export function forgetBody(holders: readonly object[]): void {
	for (const holder of holders) {
		for (const name of ['body', 'rawBody', 'compared', 'files']) {
			if (Object.hasOwn(holder, name)) Reflect.set(holder, name, null);
		}
	}
}
