import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { SenderValue } from '../../../../lib/senders/delivery-ids';

/**
 * Requests with a signature that somebody else made: published by the vendor, or made by the vendor's SDK (`madeBy` names the call
 * and its version), else made by openssl from the vendor's description.
 */
export interface Vector {
	readonly sender: SenderValue;
	readonly name: string;
	readonly madeBy: string;
	/** Made for tests, like all of it. */
	readonly secret: string;
	/** The time for which it is checked, in ms. */
	readonly atMs: number;
	readonly method?: string;
	readonly url?: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
}

const FILE = join(__dirname, '..', '..', '..', 'fixtures', 'signatures.json');

export const VECTORS = JSON.parse(readFileSync(FILE, 'utf8')) as readonly Vector[];
