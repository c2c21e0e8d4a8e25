import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { openEmbeddedStore } from '../../lib/stores/embedded';
import {
	HOUR,
	RETENTION,
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
} from '../support/requests';
import { makeFolder } from './embedded-harness';

/** A host whose clock was far ahead, and was set right. */

const YEAR = 365 * 24 * HOUR;
const START = Date.now() * 1000;

let folder: string;
let file: string;
let micros = START;
const clock = () => micros;
beforeEach(() => {
	folder = makeFolder();
	file = join(folder, 'claims.sqlite');
	micros = START;
});
afterEach(() => rmSync(folder, { recursive: true }));

const warnings = jest.spyOn(process, 'emitWarning');
beforeEach(() => warnings.mockReset());
afterAll(() => warnings.mockRestore());

const eventNow = () => claimRequest({ identity: freshIdentity(), eventAt: micros / 1000 });

it.each(['in the running n8n', 'after a restart'])(
	'takes no event for a year too old, %s',
	async (when) => {
		let store = await openEmbeddedStore({ file, clock });
		micros += YEAR * 1000;
		await store.claim([eventNow()]);
		micros = START + 1_000_000;
		if (when === 'after a restart') {
			await store.close();
			store = await openEmbeddedStore({ file, clock });
		}
		const [first] = await store.claim([eventNow()]);
		expect(answered(first).outcome).toBe('new');
		micros += HOUR * 1000;
		const [later] = await store.claim([eventNow()]);
		expect(answered(later).outcome).toBe('new');
		await store.close();
		expect(warnings).toHaveBeenCalledTimes(1);
		expect(warnings.mock.calls[0]?.[0]).toMatch(
			/^The clock of this host was set back by about 8,7\d\d hours\. .* follows it\./,
		);
	},
);

it('gives a higher fence to a key that it knew while it was ahead, and has forgotten since', async () => {
	let store = await openEmbeddedStore({ file, clock });
	micros += YEAR * 1000;
	const request = claimRequest({ identity: freshIdentity() });
	const first = fenceOf((await store.claim([request]))[0]);
	await store.command([finishOf(request, first)]);
	micros += 2 * RETENTION * 1000;
	for (let i = 0; i < 3; i++) await store.claim([claimRequest({ identity: freshIdentity() })]);
	micros = START;
	const fences = [first];
	for (const restarts of [false, true]) {
		if (restarts) {
			await store.close();
			store = await openEmbeddedStore({ file, clock });
		}
		fences.push(fenceOf((await store.claim([{ ...request, owner: `owner ${restarts}` }]))[0]));
		await store.operate({ identity: request.identity, type: 'forget', force: true });
	}
	await store.close();
	expect([...fences].sort((a, b) => a - b)).toEqual(fences);
	expect(new Set(fences).size).toBe(3);
});

it('refuses, with Strict Age, what may have been forgotten while it was ahead', async () => {
	const store = await openEmbeddedStore({ file, clock });
	await store.claim([eventNow()]);
	micros += YEAR * 1000;
	await store.claim([eventNow()]);
	micros = START + HOUR * 1000;
	await store.claim([eventNow()]);
	const before = claimRequest({
		identity: freshIdentity(),
		eventAt: micros / 1000 - 1_000,
		strictAge: true,
	});
	const [reply] = await store.claim([before]);
	expect(answered(reply)).toMatchObject({ outcome: 'conflict', reason: 'stale_key' });
	await store.close();
});
