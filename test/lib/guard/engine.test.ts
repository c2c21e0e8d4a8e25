import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Attempt } from '../../../lib/core/attempt';
import { attempt } from '../../../lib/core/attempt';
import type { Answer } from '../../../lib/guard/answer';
import { answerOf } from '../../../lib/guard/answer';
import type { ClaimHost } from '../../../lib/guard/claim-host';
import { claimItems } from '../../../lib/guard/claim-items';
import { ComplaintError } from '../../../lib/guard/complaint';
import type { GuardItem } from '../../../lib/guard/item';
import { keepersFor } from '../../../lib/guard/store-keepers';
import type { OpenStore } from '../../../lib/guard/opened-store';
import type { ClaimableItem } from '../../../lib/guard/prepare';
import { claimsOf } from '../../../lib/guard/prepare';
import type { ItemTerms } from '../../../lib/guard/terms';
import { guard } from './guard-terms';
import { unsealToken } from '../../../lib/keys/claim-token';
import { ownerTokenOf } from '../../../lib/keys/identity';
import { encodeResult } from '../../../lib/results/result-codec';
import { openEmbeddedStore } from '../../../lib/stores/embedded';

/** The engine serves a process that has no n8n. */
jest.mock('n8n-workflow', () => {
	throw new Error('The engine asked for n8n');
});

const HOUR_MS = 3_600_000;

const terms: ItemTerms = {
	key: { source: 'fields', normalize: null, paths: ['orderId'] },
	compare: { by: 'auto' },
	tenant: null,
	eventTime: undefined,
	budget: null,
	sameContent: null,
	retentionMs: 48 * HOUR_MS,
	claimTimeoutMs: HOUR_MS,
	onUnknownOutcome: 'hold',
	maxAttempts: null,
};

let runs = 0;

function host(): ClaimHost {
	const executionId = String(++runs);
	return {
		executionId,
		pending: false,
		hearsEnd: true,
		ownerOf: (itemIndex) =>
			ownerTokenOf({ nonce: '', executionId, nodeId: '', runIndex: 0, itemIndex }),
		fileOf: async () => await Promise.resolve(Buffer.alloc(0)),
	};
}

let folder: string;
let opened: OpenStore;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'engine-'));
	const store = await openEmbeddedStore({ file: join(folder, 'idempotency.sqlite') });
	opened = { store, ...keepersFor(store), secret: '', previousSecret: '' };
});

afterEach(async () => {
	await opened.store.close();
	rmSync(folder, { recursive: true });
});

async function prepare(items: readonly GuardItem[], each?: ReadonlyArray<Attempt<ItemTerms>>) {
	const given = each ?? items.map(() => attempt(() => terms));
	return await claimsOf(host(), guard, given, items, opened);
}

async function answerTo(json: GuardItem['json']): Promise<Answer> {
	const [prepared] = await prepare([{ json }]);
	const item = prepared as ClaimableItem;
	const [claimed] = await claimItems(opened, guard, [item]);
	if (claimed === undefined) throw new Error('There is no answer');
	return answerOf(claimed, item, guard, opened, () => false);
}

it('lets a request through once, and answers the same one with its result and another one with a conflict', async () => {
	const order = { orderId: 'A-1', amount: 5 };
	const first = await answerTo(order);
	if (first.kind !== 'new') throw new Error(`It was ${first.kind}`);
	expect(first.details).toMatchObject({ outcome: 'new', key: '{"orderId":"A-1"}', attempt: 1 });
	expect(await answerTo(order)).toMatchObject({
		kind: 'conflict',
		refusal: { reason: 'in_progress', statusCode: 409 },
	});

	const key = await opened.store.signingKey();
	const token = key.ok ? unsealToken(first.token, [key.answer]) : key;
	if (!token.ok || !('claim' in token)) throw new Error('The token can not be opened');
	const { identity, owner, fence, remains } = token.claim;
	const [finished] = await opened.store.command([
		{
			type: 'finish',
			identity,
			owner,
			fence,
			ownRun: true,
			remains,
			to: 'completed',
			result: encodeResult([{ json: { charged: true } }], { maxBytes: 1024 }).bytes,
			statusCode: 200,
			reason: '',
			retentionMs: terms.retentionMs,
		},
	]);
	expect(finished).toMatchObject({ ok: true, answer: { outcome: 'done' } });

	expect(await answerTo(order)).toMatchObject({
		kind: 'duplicate',
		replay: { kind: 'items', items: [{ json: { charged: true } }] },
	});
	expect(await answerTo({ ...order, amount: 6 })).toMatchObject({
		kind: 'conflict',
		refusal: { reason: 'payload_mismatch', statusCode: 422, changedFields: ['amount'] },
	});
});

it('fails an item by itself: for its terms, for what it holds, or for what it lacks', async () => {
	const unreadable = new Error('The expression of this item failed');
	const prepared = await prepare(
		[
			{ json: { orderId: 'A-1' } },
			{ json: { orderId: 'A-2' } },
			{ json: { orderId: 'A-3' } },
			{ json: {} },
			{ json: { orderId: 'A-5' } },
		],
		[
			attempt(() => terms),
			{ ok: false, error: unreadable },
			attempt(() => ({ ...terms, retentionMs: NaN })),
			attempt(() => terms),
			attempt(() => ({ ...terms, tenant: { value: '', emptyPart: null, isSeparate: true } })),
		],
	);

	expect(prepared).toMatchObject([
		{ kind: 'claim', label: '{"orderId":"A-1"}' },
		{ kind: 'error', error: unreadable },
		{ kind: 'error', error: { message: '"Remember For (Hours)" is not a number' } },
		{ kind: 'missing', missing: { message: 'The item has no value in "orderId"' } },
		{ kind: 'error', error: { message: expect.stringContaining('has no tenant') as string } },
	]);
	expect(prepared[2]).toMatchObject({ error: expect.any(ComplaintError) as ComplaintError });
});
