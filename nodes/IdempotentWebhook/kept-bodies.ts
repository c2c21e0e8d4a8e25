import { addTo } from '../../lib/guard/add-to';

/** Bodies of requests that wait for another run, in bytes as they came: parsed they take several times as much. One tenant's take half. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_BYTES_PER_TENANT = MOST_BYTES / 2;
const LARGEST = 1024 * 1024;

let kept = 0;
const keptByTenant = new Map<string, number>();

/**
 * Whether the body of a request that begins to wait is kept, so that it can start a run of its own when the other one gives up. Any
 * number of requests may wait without: they can only be answered. `release` when the waiting is over.
 *
 * @param tenant its digest, empty where the node asks for no tenant
 */
export function keepBody(
	bytes: number,
	tenant: string,
): { readonly isKept: boolean; release(): void } {
	const ofTenant = tenant === '' ? 0 : (keptByTenant.get(tenant) ?? 0) + bytes;
	if (bytes > LARGEST || kept + bytes > MOST_BYTES || ofTenant > MOST_BYTES_PER_TENANT)
		return { isKept: false, release: () => undefined };
	count(bytes, tenant);
	let isReleased = false;
	return {
		isKept: true,
		release: () => {
			if (!isReleased) count(-bytes, tenant);
			isReleased = true;
		},
	};
}

function count(bytes: number, tenant: string): void {
	kept += bytes;
	if (tenant !== '') addTo(keptByTenant, tenant, bytes);
}

/** Lets go of the body, wherever it is held while the request waits. */
export function forgetBody(holders: readonly object[]): void {
	for (const holder of holders) {
		for (const name of ['body', 'rawBody', 'compared', 'files']) {
			if (Object.hasOwn(holder, name)) Reflect.set(holder, name, null);
		}
	}
}
