import KSUID from 'ksuid';

import { KSUID_EPOCH_MS } from '../../lib/keys/key-formats';

/** The time (milliseconds, whole seconds) and the 16 bytes of a KSUID, as its reference library reads them. */
export function partsOfKsuid(text: string): { timeMs: number; payload: Buffer } {
	const ksuid = KSUID.parse(text);
	return { timeMs: ksuid.timestamp * 1000 + KSUID_EPOCH_MS, payload: ksuid.payload };
}
