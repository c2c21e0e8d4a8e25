import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { openEmbeddedStore } from '../../lib/stores/embedded';
import { makeFolder } from './embedded-harness';
import {
	HOUR,
	LEASE,
	RETENTION,
	answered,
	claimRequest,
	fenceOf,
	freshIdentity,
	microsOf,
} from '../support/requests';

/** The clock of an embedded store, and that of its host. */

describe('the clock of an embedded store', () => {
	let folder: string;
	let file: string;
	beforeEach(() => {
		folder = makeFolder();
		file = join(folder, 'claims.sqlite');
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	const START = Date.now() * 1000;
	const BACK = HOUR * 1000;

	it('never goes back, in no opening, and fences grow, when the host’s clock is set back', async () => {
		let micros = START;
		const clock = () => micros;
		const store = await openEmbeddedStore({ file, clock });
		const request = claimRequest({ identity: freshIdentity(), onUnknownOutcome: 'retry' });
		const first = fenceOf((await store.claim([request]))[0]);
		await store.operate({ identity: request.identity, type: 'forget', force: true });
		micros -= BACK;
		const [again] = await store.claim([{ ...request, owner: 'owner-b' }]);
		expect(fenceOf(again)).toBeGreaterThan(first);
		expect(microsOf(again)).toBeGreaterThanOrEqual(START);

		const other = await openEmbeddedStore({ file, clock });
		const [refused] = await other.claim([{ ...request, owner: 'owner-c' }]);
		expect(answered(refused)).toMatchObject({ reason: 'in_progress' });
		expect(microsOf(refused)).toBeGreaterThanOrEqual(START);
		await Promise.all([store.close(), other.close()]);
	});

	it('gives a higher fence to a key whose record is long purged, after a restart in the past', async () => {
		let micros = START;
		const clock = () => micros;
		const store = await openEmbeddedStore({ file, clock });
		const request = claimRequest({ identity: freshIdentity() });
		micros += BACK;
		const first = fenceOf((await store.claim([request]))[0]);
		micros += (LEASE + RETENTION + 1) * 1000;
		for (let i = 0; i < 3; i++) await store.claim([claimRequest({ identity: freshIdentity() })]);
		await store.close();

		micros = START;
		const again = await openEmbeddedStore({ file, clock });
		expect(fenceOf((await again.claim([request]))[0])).toBeGreaterThan(first);
		await again.close();
	});

	it('runs on while the host’s clock is behind, so that leases still end', async () => {
		let behind = 0;
		const store = await openEmbeddedStore({ file, clock: () => Date.now() * 1000 - behind });
		const request = claimRequest({
			identity: freshIdentity(),
			leaseMs: 50,
			onUnknownOutcome: 'retry',
		});
		await store.claim([request]);
		behind = BACK;
		const deadline = Date.now() + 60_000;
		let outcome = '';
		while (outcome !== 'new' && Date.now() < deadline) {
			outcome = answered((await store.claim([{ ...request, owner: 'owner-b' }]))[0]).outcome;
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
		expect(outcome).toBe('new');
		await store.close();
	});
});
