import { namingIdsOf } from '../../lib/guard/naming';
import { stretchedSecret } from '../../lib/guard/stretched-secret';
import { javascript } from '../support/engine';
import { engineOn, onRedis, recordsIn } from './on-redis';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import {
	downstream,
	server,
	OLD,
	NEW,
	ROTATED,
	type Secrets,
	nextPrefix,
	prefix,
	sendWith,
	changing,
} from './secrets-harness';

/** A credential's secret that is changed, taken away or added. */

/** Until when the store notes that records of the secret may live. */
async function notedFor(secret: string): Promise<number> {
	const [id] = namingIdsOf({ secret: await stretchedSecret(secret), previousSecret: '' });
	const until = await server.ask(
		async (client) => await client.zscore(`${prefix().keyPrefix}:{meta}:secrets`, id),
	);
	return Number(until);
}

describe('after a change of the secret, with the old one as "Previous Secret"', () => {
	test('a finished request is found, and its result replayed: no second run', async () => {
		const key = newKey();
		const first = await sendWith(OLD, key);
		const second = await sendWith(ROTATED, key);
		expect(second.error?.message).toBeUndefined();
		expect(second.json('Duplicate')).toEqual(first.json('Committed'));
		expect(downstream.effects(key)).toBe(1);
	});

	test('a different request under the same key is told, with the fields that differ', async () => {
		const key = newKey();
		await sendWith(OLD, key, {}, { amount: 1 });
		const other = await sendWith(ROTATED, key, {}, { amount: 2 });
		expect(detailsOf(other, 'Conflict')).toMatchObject({
			reason: 'payload_mismatch',
			changedFields: ['body.amount'],
		});
	});

	test.each([
		[{ status: 402 }, [0, 1, 0, 0], undefined],
		[{ status: 500 }, [0, 0, 1, 0], 'unknown_outcome'],
		[{ status: 429 }, [0, 0, 1, 0], 'retry_later'],
	])('what ended otherwise is as it was: %p', async (answer, route, reason) => {
		const key = newKey();
		downstream.nextFor(key, answer);
		await sendWith(OLD, key);
		const second = await sendWith(ROTATED, key);
		expect(routed(second)).toEqual(route);
		expect(detailsOf(second, 'Conflict').reason).toBe(reason);
		expect(second.tasks('Charge')).toEqual([]);
	});

	test('a run under way keeps its key, and can still save its result', async () => {
		const key = newKey();
		const { n8n, change } = changing(OLD);
		let meanwhile: Awaited<ReturnType<typeof sendWith>> | undefined;
		const act = javascript('Act', async () => {
			change(ROTATED);
			meanwhile = await sendWith(ROTATED, key);
			return [{ json: { id: 'first' }, pairedItem: 0 }];
		});
		const json = chargeWorkflow(downstream.url, onRedis({ act: [act] }));
		const first = await n8n.run(json, { triggerItems: [delivery(key)] });
		expect(meanwhile && detailsOf(meanwhile, 'Conflict').reason).toBe('in_progress');
		expect(first.error?.message).toBeUndefined();
		expect(first.json('Committed')).toEqual([{ id: 'first' }]);
		const later = await sendWith(ROTATED, key);
		expect(later.json('Duplicate')).toEqual([{ id: 'first' }]);
		expect(downstream.effects(key)).toBe(0);
	});

	test('new keys are kept under the new secret: the old one can be dropped later', async () => {
		const key = newKey();
		const first = await sendWith(ROTATED, key);
		const second = await sendWith(NEW, key);
		expect(second.json('Duplicate')).toEqual(first.json('Committed'));
	});

	test('the old one is noted for as long as Commit remembers what it found under it', async () => {
		const key = newKey();
		const release = { failedResponses: 'release' };
		downstream.nextFor(key, { status: 402 });
		await sendWith(OLD, key, { commit: { options: release } });
		const commit = { options: { ...release, retentionHours: 24 * 30 } };
		const begun = Date.now();
		expect(routed(await sendWith(ROTATED, key, { commit }))).toEqual([1, 0, 0, 0]);
		expect(await notedFor(OLD.secret)).toBeGreaterThan(begun + 30 * 24 * 3_600_000);
	});

	test('old and new keys in one batch each get their own answer', async () => {
		const keys = [newKey(), newKey(), newKey()];
		await sendWith(OLD, keys[0] ?? '');
		await sendWith(ROTATED, keys[2] ?? '');
		const json = chargeWorkflow(downstream.url, onRedis());
		const triggerItems = keys.map((key) => delivery(key));
		const result = await engineOn(server, { ...prefix(), ...ROTATED }).run(json, { triggerItems });
		expect(routed(result)).toEqual([1, 2, 0, 0]);
		expect(keys.map((key) => downstream.effects(key))).toEqual([1, 1, 1]);
	});

	test('a storm of one key that the old secret knows: no further charge', async () => {
		const key = newKey();
		await sendWith(OLD, key);
		const storm = await Promise.all(
			Array.from({ length: 8 }, async () => await sendWith(ROTATED, key)),
		);
		expect(storm.map(routed)).toEqual(storm.map(() => [0, 1, 0, 0]));
		expect(downstream.effects(key)).toBe(1);
	});
});

describe('a result under a secret that the credential does not have', () => {
	// The key is one of the old secret, the result was saved after the change; then the change is taken back.
	test('is an error that names the way out, and never lets the request through', async () => {
		const key = newKey();
		const { n8n, actAndChange } = changing(OLD);
		const act = actAndChange(ROTATED, 'first');
		const json = chargeWorkflow(downstream.url, onRedis({ act: [act] }));
		await n8n.run(json, { triggerItems: [delivery(key)] });

		// Redis forgets which secret it is for, but keeps the records: the result is still not read.
		await server.ask(async (client) => await client.del(`${prefix().keyPrefix}:{meta}:secrets`));
		const takenBack = await sendWith(OLD, key);
		expect(takenBack.status).toBe('error');
		expect(takenBack.error?.message).toMatch(/encrypted with a secret that is not among those set/);
		expect(takenBack.error?.description).toMatch(/Put that secret back into the credential/);
		expect(takenBack.tasks('Charge')).toEqual([]);
		expect((await sendWith(ROTATED, key)).json('Duplicate')).toEqual([{ id: 'first' }]);
	});
});

describe('a secret under which every request would count as new is refused', () => {
	const refusal = /^The store holds records of another secret .* until 20\d\d-/;

	test.each<[string, Secrets, Secrets]>([
		['changed, without the one before', OLD, NEW],
		['changed, with another one before', OLD, { ...NEW, previousSecret: 'a third' }],
		['taken back', ROTATED, OLD],
		['removed', OLD, {}],
		['removed, and kept as the one before', OLD, { previousSecret: OLD.secret }],
		['set for the first time', {}, OLD],
	])('%s: an error that says what to do, and nothing acts', async (_name, before, after) => {
		const key = newKey();
		await sendWith(before, key);
		const records = await recordsIn(server);
		for (const options of [{}, { onStoreError: 'continueUnprotected' }]) {
			const result = await sendWith(after, key, { guard: { options } });
			expect(result.error?.message).toMatch(refusal);
			expect(result.error?.description).toMatch(/"Previous Secret".*"Key Prefix"/);
			expect(result.tasks('Charge')).toEqual([]);
		}
		const onError = { guardSettings: { onError: 'continueErrorOutput' as const } };
		expect(routed(await sendWith(after, key, onError))).toEqual([0, 0, 0, 1]);
		expect(await recordsIn(server)).toEqual(records);
		expect(downstream.effects(key)).toBe(1);
		expect(routed(await sendWith(before, key))).toEqual([0, 1, 0, 0]);
	});

	test('at Commit, too: the request was handled, so the error says that it was', async () => {
		const key = newKey();
		const { n8n, change, actAndChange } = changing(OLD);
		const act = actAndChange(NEW, 1);
		const json = chargeWorkflow('', onRedis({ act: [act] }));
		const result = await n8n.run(json, { triggerItems: [delivery(key)] });
		expect(result.error?.message).toMatch(
			/^The request was handled, but its result could not be saved: The store holds/,
		);
		change(ROTATED);
		expect((await n8n.retry(result)).json('Committed')).toEqual([{ id: 1 }]);
		expect((await sendWith(ROTATED, key)).json('Duplicate')).toEqual([{ id: 1 }]);
	});

	test('a run that began a moment before the change ends as it began', async () => {
		const key = newKey();
		const { n8n, change } = changing(OLD);
		const act = javascript('Act', () => {
			change(NEW);
			return [{ json: { id: 1 }, pairedItem: 0 }];
		});
		const json = chargeWorkflow('', onRedis({ act: [act] }));
		const result = await n8n.run(json, { triggerItems: [delivery(key)] });
		expect(result.json('Committed')).toEqual([{ id: 1 }]);
		expect((await sendWith(OLD, key)).json('Duplicate')).toEqual([{ id: 1 }]);
		expect((await sendWith(ROTATED, key)).json('Duplicate')).toEqual([{ id: 1 }]);
	});

	test('another key prefix starts empty', async () => {
		const key = newKey();
		await sendWith(OLD, key);
		nextPrefix();
		expect(routed(await sendWith(NEW, key))).toEqual([1, 0, 0, 0]);
	});
});
