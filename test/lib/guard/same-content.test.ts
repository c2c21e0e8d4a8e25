import { contentGivenBack } from '../../../lib/core/content-request';
import type { ClaimRequest, ContentTerms, OwnerCommand } from '../../../lib/core/record';
import { replyAt } from '../../../lib/core/reply';
import type { Store } from '../../../lib/core/store';
import { claimItems } from '../../../lib/guard/claim-items';
import type { ClaimableItem } from '../../../lib/guard/prepare';
import { alikeBefore } from '../../../lib/guard/same-content';
import { keepersFor } from '../../../lib/guard/store-keepers';
import { embeddedHarness } from '../../stores/embedded-harness';
import type { OpenedStore } from '../../stores/suite';
import {
	MINUTE,
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	recordOf,
} from '../../support/requests';

/** The same content under another key: whatever happens in between, one acts, and the first may. */

let opened: OpenedStore;
beforeEach(async () => {
	opened = await embeddedHarness.open();
});
afterEach(async () => await opened.close());

const contentOf = (identity: string): ContentTerms => ({
	identity,
	windowMs: 10 * MINUTE,
});
const itemOf = (request: ClaimRequest, content: ContentTerms, refuses = true) =>
	({
		request: { ...request, content },
		earlierRequests: [],
		content: { terms: content, refuses },
		tenantLabel: '',
	}) as unknown as ClaimableItem;
const claim = async (items: readonly ClaimableItem[], onStoreError = 'error') => {
	const { store } = opened;
	const open = { store, ...keepersFor(store), secret: '', previousSecret: '' };
	return await claimItems(open, { minReplicas: 0, onStoreError }, items);
};
const outcomesOf = (claimed: Awaited<ReturnType<typeof claim>>) =>
	claimed.map((each) => {
		if (!each.ok) return each.error.problem;
		return each.answer.outcome === 'conflict' ? each.answer.reason : each.answer.outcome;
	});
const requestOf = (owner: string, over: Partial<ClaimRequest> = {}) =>
	claimRequest({ identity: freshIdentity(), owner, key: owner, ...over });
const stateOf = async ({ identity }: ClaimRequest) =>
	answered(replyAt(await opened.store.get([identity]), 0))?.state;

describe('what can not be looked for', () => {
	test.each([
		['is refused where it would be', true, 'error', 'corrupt_record', 'released'],
		['goes on where it would only be told', false, 'error', 'new', 'processing'],
		[
			'goes on with its key where items go on without a store',
			true,
			'continueUnprotected',
			'new',
			'processing',
		],
	])('%s', async (_, refuses, onStoreError, outcome, state) => {
		const content = contentOf(freshIdentity('content'));
		await claim([itemOf(requestOf('first'), content)]);
		await opened.corrupt(content.identity);
		const request = requestOf('second');
		const claimed = await claim([itemOf(request, content, refuses)], onStoreError);
		expect(outcomesOf(claimed)).toEqual([outcome]);
		expect(await stateOf(request)).toBe(state);
		const [told] = claimed;
		if (told?.ok) expect(told.unlooked?.problem).toBe('corrupt_record');
		else expect(told?.error.message).toMatch(/^Whether the same content came before/);
	});
});

test('a request that was refused for what it is stands for no content', async () => {
	const used = requestOf('used');
	await claim([itemOf(used, contentOf(freshIdentity('content')))]);
	const changed = { ...used, owner: 'changed', fingerprint: 'another' };
	const content = contentOf(freshIdentity('content'));
	expect(outcomesOf(await claim([itemOf(changed, content)]))).toEqual(['payload_mismatch']);
	expect(outcomesOf(await claim([itemOf(requestOf('new'), content)]))).toEqual(['new']);
	expect(outcomesOf(await claim([itemOf(requestOf('late'), content)]))).toEqual([
		'likely_duplicate',
	]);
	// Nor in the same batch.
	const other = contentOf(freshIdentity('content'));
	const batch = [itemOf(changed, other), itemOf(requestOf('beside'), other)];
	expect(outcomesOf(await claim(batch))).toEqual(['payload_mismatch', 'new']);
});

/** The first one was given back, and two others have seen that it came before them. */
async function afterGivenBack() {
	const { store } = opened;
	const content = contentOf(freshIdentity('content'));
	const [first, second, third] = ['first', 'second', 'third'].map((owner) =>
		requestOf(owner, { content }),
	) as [ClaimRequest, ClaimRequest, ClaimRequest];
	const granted = replyAt(await store.claim([first]), 0);
	await store.command([
		{
			type: 'release',
			identity: first.identity,
			owner: 'first',
			fence: fenceOf(granted),
			ownRun: true,
			retryAfterMs: 0,
			statusCode: 0,
			reason: '',
		},
	]);
	const replies = await store.claim([second, third]);
	const look = async (on: Store, i: number) => {
		const request = [second, third][i]!;
		const answer = answered(replies[i]);
		if (answer.outcome !== 'new') throw new Error('not granted');
		return await alikeBefore(on, request, answer.contentHeld ?? null, [request.identity]);
	};
	return { first, second, look };
}

test('the place of one that was given back is taken once, however late another looks', async () => {
	const { second, look } = await afterGivenBack();
	expect(await look(opened.store, 0)).toBeNull();
	expect(await look(opened.store, 1)).toMatchObject({ identity: second.identity });
});

test('the place is not taken of one that is granted anew meanwhile', async () => {
	const { store } = opened;
	const { first, look } = await afterGivenBack();
	const meanwhile = Object.assign(Object.create(store) as Store, {
		claim: async (requests: readonly ClaimRequest[]) => {
			await store.claim([{ ...first, owner: 'again' }]);
			return await store.claim(requests);
		},
	});
	expect(await look(meanwhile, 0)).toMatchObject({ identity: first.identity });
});

test('the place of one that is granted anew meanwhile is its own again, for whoever comes next', async () => {
	const { store } = opened;
	const { first, second, look } = await afterGivenBack();
	let isFirst = true;
	const meanwhile = Object.assign(Object.create(store) as Store, {
		command: async (orders: readonly OwnerCommand[]) => {
			if (isFirst) await store.claim([{ ...first, owner: 'again' }]);
			isFirst = false;
			return await store.command(orders);
		},
	});
	expect(await look(meanwhile, 0)).toMatchObject({ identity: first.identity });
	const { identity, owner } = second;
	const fence = recordOf(answered(replyAt(await store.get([identity]), 0))).fence;
	await store.command([contentGivenBack({ identity, owner, fence })]);
	const third = requestOf('third');
	const [told] = await claim([itemOf(third, first.content!)]);
	expect(told).toMatchObject({ answer: { reason: 'likely_duplicate' }, alike: { key: 'first' } });
});

test('the one that took a place is told by its own key', async () => {
	const { second, look } = await afterGivenBack();
	await look(opened.store, 0);
	expect(await look(opened.store, 1)).toMatchObject({ key: 'second', identity: second.identity });
});

test('a request that is remembered for a shorter time than its content stands for it all the same', async () => {
	const { store } = opened;
	const content = contentOf(freshIdentity('content'));
	const first = requestOf('first');
	const [granted] = await claim([itemOf(first, content)]);
	if (!granted?.ok || granted.answer.outcome !== 'new') throw new Error('not granted');
	await store.command([{ ...finishOf(first, granted.answer.fence), retentionMs: MINUTE }]);
	await opened.advance(2 * MINUTE);
	expect(await stateOf(first)).not.toBe('completed');
	expect(outcomesOf(await claim([itemOf(requestOf('second'), content)]))).toEqual([
		'likely_duplicate',
	]);
});

test('what a key said under another naming of it is its own', async () => {
	const { store } = opened;
	const content = contentOf(freshIdentity('content'));
	const now = requestOf('run', { content });
	const earlier = { ...now, identity: freshIdentity() };
	const fence = fenceOf(replyAt(await store.claim([now]), 0));
	await store.command([contentGivenBack({ ...now, fence })]);
	// Granted by the earlier naming, to the same run.
	const reply = answered(replyAt(await store.claim([earlier]), 0));
	if (reply.outcome !== 'new') throw new Error('not granted');
	const own = [now.identity, earlier.identity];
	expect(await alikeBefore(store, earlier, reply.contentHeld ?? null, own)).toBeNull();
	expect(outcomesOf(await claim([itemOf(requestOf('other'), content)]))).toEqual([
		'likely_duplicate',
	]);
});
