import { setTimeout as sleep } from 'node:timers/promises';
import { resolve } from 'node:path';

import type { Store } from '../../core/store';
import { attempt, attemptAsync } from '../../core/attempt';
import { CheckedStore, withAdvice } from '../checked-store';
import { Settlements } from '../rows/settlements';
import { RulesOverRows } from '../rules-over-rows';
import { adviceFor } from './advice';
import { hostMicros } from './clock';
import { Connection } from './connection';
import { EmbeddedRows } from './embedded-rows';
import { isBusy, storeErrorOf } from './errors';
import { type SqliteLoader, builtInSqlite, loadSqlite } from './sqlite';

export { adviceFor as embeddedAdviceFor } from './advice';

export interface EmbeddedStoreOptions {
	/** The SQLite file; made, with its folder, for n8n's user alone where it is missing. */
	readonly file: string;
	/** The host's clock, microseconds since 1970. The store's time never goes back even where this does. */
	readonly clock?: () => number;
	/** How long a file that another process holds is tried again, in ms; 5,000 unless set. */
	readonly busyRetryMs?: number;
	/** Those of others who open the same file in this process; its own unless given. */
	readonly settlements?: Settlements;
}

const BUSY_RETRY_MS = 5_000;
const OPEN_AGAIN_MS = 20;

/**
 * Opens the store that lives in a file of this host: safe for several processes and openings, kept over restarts.
 *
 * @throws StoreError `unsupported` on Node.js below 22.13 or for a file of a newer version, `read_only`, `permission`,
 * `disk_full`, `busy`, `configuration`
 */
export async function openEmbeddedStore(
	options: EmbeddedStoreOptions,
	load: SqliteLoader = builtInSqlite,
): Promise<Store> {
	const { clock = hostMicros, busyRetryMs = BUSY_RETRY_MS } = options;
	const { settlements = new Settlements() } = options;
	const file = resolve(options.file);
	const loaded = attempt(() => loadSqlite(load));
	if (!loaded.ok) throw withAdvice(storeErrorOf(loaded.error, file), adviceFor);
	const sqlite = loaded.value;
	const giveUpAt = performance.now() + busyRetryMs;
	for (;;) {
		const opened = await attemptAsync(async () => await Connection.open(sqlite, file, clock));
		if (opened.ok) {
			const rows = new EmbeddedRows(opened.value, busyRetryMs);
			const store = new RulesOverRows(rows, settlements);
			return new CheckedStore(store, adviceFor);
		}
		if (!isBusy(opened.error) || performance.now() >= giveUpAt) {
			throw withAdvice(storeErrorOf(opened.error, file), adviceFor);
		}
		await sleep(OPEN_AGAIN_MS);
	}
}
