import { chmodSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { openEmbeddedStore } from '../../lib/stores/embedded';
import { answered, claimRequest, fenceOf, freshIdentity } from '../support/requests';
import { makeFolder } from './embedded-harness';

/** Files that were there before, e.g. from a backup, with rights for everybody. */

const SUFFIXES = ['', '-wal', '-shm'];

it('an existing file, its log and its shared memory are kept to their owner, with what they hold', async () => {
	const folder = makeFolder();
	const file = join(folder, 'idempotency.sqlite');
	const before = await openEmbeddedStore({ file });
	const { identity } = claimRequest({ identity: freshIdentity() });
	fenceOf((await before.claim([claimRequest({ identity })]))[0]);
	for (const suffix of SUFFIXES) chmodSync(file + suffix, 0o644);

	// Opened a second time, as by another process, while the first still holds its locks.
	const store = await openEmbeddedStore({ file });
	expect(answered((await store.get([identity]))[0])).toMatchObject({ state: 'processing' });
	for (const suffix of SUFFIXES) expect(statSync(file + suffix).mode & 0o777).toBe(0o600);
	await before.close();
	await store.close();
	rmSync(folder, { recursive: true });
});
