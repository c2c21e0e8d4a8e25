import { keepersFor } from '../../../lib/guard/store-keepers';
import { claimItems } from '../../../lib/guard/claim-items';
import { LostClaims } from '../../../lib/guard/lost-claims';
import type { ClaimableItem } from '../../../lib/guard/prepare';
import type { ClaimRequest } from '../../../lib/core/record';
import { StoreError } from '../../../lib/core/reply';
import type { Store } from '../../../lib/core/store';
import { openRedisStore } from '../../../lib/stores/redis';
import { standalone } from '../../stores/redis-harness';
import { RedisServer } from '../../support/redis-server';
import { answered, claimRequest, fenceOf, freshIdentity } from '../../support/requests';
import { TcpProxy } from '../../support/tcp-proxy';
import { until } from '../../support/until';

/** A claim whose answer was lost for good: nobody acts for it, so that nobody has to wait for it. */

let server: RedisServer;
let proxy: TcpProxy;
let near: Store;
let far: Store;
beforeEach(async () => {
	server = await RedisServer.start();
	proxy = await TcpProxy.start(server.port);
	near = openRedisStore(standalone(server.port));
	far = openRedisStore({ ...standalone(proxy.port), timeouts: { retryMs: 300 } });
});
afterEach(async () => {
	await Promise.all([near.close(), far.close(), proxy.stop()]);
	await server.stop();
});

const LOOKS = [200, 200, 200, 200, 200, 200, 200, 200];
const request = (owner = 'owner-a') => claimRequest({ identity: freshIdentity(), owner });
const stateOf = async (identity: string) => {
	const record = answered((await near.get([identity]))[0]);
	return record?.state ?? 'absent';
};

/** Claims while the network loses each answer that the server gives. */
async function claimInVain(item: ClaimableItem, onStoreError?: string) {
	await far.get([freshIdentity()]);
	proxy.fateOfReply = () => 'drop';
	const opened = { store: far, ...keepersFor(far), secret: '', previousSecret: '' };
	const [claimed] = await claimItems(opened, { minReplicas: 0, onStoreError }, [item]);
	expect(claimed?.ok).toBe(false);
	expect(await stateOf(item.request.identity)).not.toBe('absent');
}

it.each([false, true])(
	'is given back as soon as the store answers, pending %s',
	async (pending) => {
		const item = {
			request: { ...request(), pending },
			earlierRequests: [] as ClaimRequest[],
			content: null,
		} as unknown as ClaimableItem;
		// The token's key is asked for first, and is there.
		answered(await near.signingKey());
		await claimInVain(item);
		expect(await stateOf(item.request.identity)).toBe(pending ? 'pending' : 'processing');
		proxy.fateOfReply = () => 'pass';
		await until('it is free', async () => (await stateOf(item.request.identity)) === 'released');
		const [next] = await near.claim([{ ...item.request, owner: 'owner-b' }]);
		const answer = answered(next);
		expect(answer).toMatchObject({ outcome: 'new', record: { attempts: 1 } });
	},
);

it('is left alone where its item went on unprotected', async () => {
	const item = {
		request: request(),
		earlierRequests: [] as ClaimRequest[],
		content: null,
	} as unknown as ClaimableItem;
	answered(await near.signingKey());
	await claimInVain(item, 'continueUnprotected');
	proxy.fateOfReply = () => 'pass';
	await new Promise((resolve) => setTimeout(resolve, 1_500));
	expect(await stateOf(item.request.identity)).toBe('processing');
});

it.each([
	['error', 'unreachable', 'released'],
	['continueUnprotected', 'unreachable', 'processing'],
	['continueUnprotected', 'configuration', 'released'],
] as const)(
	'that was granted and could not be handed over, %s after "%s", is %s: an item that goes on may act',
	async (onStoreError, problem, state) => {
		const refusal = { ok: false, error: new StoreError(problem, 'No signing key.') } as const;
		const store = Object.create(near, {
			signingKey: { value: async () => await Promise.resolve(refusal) },
		}) as Store;
		const opened = { store, ...keepersFor(store), secret: '', previousSecret: '' };
		const item = {
			request: request(),
			earlierRequests: [] as ClaimRequest[],
			content: null,
		} as unknown as ClaimableItem;
		const [claimed] = await claimItems(opened, { minReplicas: 0, onStoreError }, [item]);
		expect(claimed?.ok).toBe(false);
		expect(await stateOf(item.request.identity)).toBe(state);
	},
);

it('that its claimant asks for again is its own, and is not given back', async () => {
	const lost = new LostClaims(near, LOOKS);
	const own = request();
	const fence = fenceOf((await near.claim([own]))[0]);
	lost.lookFor(own);
	await lost.stopLookingFor([own]);
	expect(fenceOf((await near.claim([own]))[0])).toBe(fence);
	await new Promise((resolve) => setTimeout(resolve, 600));
	expect(await stateOf(own.identity)).toBe('processing');
});

it('of another claimant is never touched', async () => {
	const lost = new LostClaims(near, LOOKS);
	const held = request('owner-b');
	fenceOf((await near.claim([held]))[0]);
	lost.lookFor({ ...held, owner: 'owner-a' });
	await new Promise((resolve) => setTimeout(resolve, 600));
	expect(await stateOf(held.identity)).toBe('processing');
});

it('that the server grants late is found by a later look', async () => {
	const lost = new LostClaims(near, LOOKS);
	const late = request();
	lost.lookFor(late);
	await new Promise((resolve) => setTimeout(resolve, 500));
	fenceOf((await near.claim([late]))[0]);
	await until('it is free', async () => (await stateOf(late.identity)) === 'released');
});

it('is looked for where the store answered it, and then could not be asked how to hand it over', async () => {
	const item = {
		request: request(),
		earlierRequests: [] as ClaimRequest[],
		content: null,
	} as unknown as ClaimableItem;
	await far.get([freshIdentity()]);
	let replies = 0;
	proxy.fateOfReply = () => (replies++ === 0 ? 'pass' : 'drop');
	const opened = { store: far, ...keepersFor(far), secret: '', previousSecret: '' };
	const [claimed] = await claimItems(opened, { minReplicas: 0 }, [item]);
	expect(claimed).toMatchObject({ ok: false });
	expect(await stateOf(item.request.identity)).toBe('processing');
	proxy.heal();
	await until('it is free', async () => (await stateOf(item.request.identity)) === 'released');
});
