import type { ClaimRequest, ContentTerms } from '../../lib/core/record';
import type { BenchRedis } from '../redis';
import { inTurns, rateOf } from '../measure';
import type { Report } from '../report';
import type { Scale } from '../scale';
import { fencesOf, makeRequests } from '../requests';

// Each round brings keys of its own to a Redis that is in use: an emptied one would have to make its counters anew each time.

const RETENTION_MS = 48 * 3_600_000;

/** 10,000 new claims in one call, against the least that could hold a key: the same keys, pipelined `SET … PX NX GET`. */
export async function claimBatch(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	await redis.empty();
	const count = 10_000;
	const { ours, theirs } = await inTurns(scale.of({ full: 15, short: 5 }), {
		ours: async () => {
			const requests = makeRequests(count);
			let replies: Awaited<ReturnType<typeof redis.store.claim>> = [];
			const rate = await rateOf(count, async () => (replies = await redis.store.claim(requests)));
			fencesOf(replies);
			return rate;
		},
		theirs: async () => {
			const requests = makeRequests(count);
			return await rateOf(count, async () => {
				const pipeline = redis.client.pipeline();
				for (const { identity, owner } of requests) {
					pipeline.set(identity, owner, 'PX', RETENTION_MS, 'NX', 'GET');
				}
				const replies = (await pipeline.exec()) ?? [];
				if (replies.some(([, held]) => held !== null)) throw new Error('a key was held already');
			});
		},
	});
	const peer = 'ioredis, pipelined SET PX NX GET';
	report.row({ bench: 'claim-batch', unit: 'claims/s', ours, peer, theirs, better: 'more' });
}

/** New claims one after the other, each awaited. */
export async function claimSingle(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	await redis.empty();
	const count = scale.of({ full: 2_000, short: 1_000 });
	const { ours, theirs } = await inTurns(scale.of({ full: 15, short: 5 }), {
		ours: async () => {
			const requests = makeRequests(count);
			return await rateOf(count, async () => {
				for (const request of requests) fencesOf(await redis.store.claim([request]));
			});
		},
		theirs: async () => {
			const requests = makeRequests(count);
			return await rateOf(count, async () => {
				for (const { identity, owner } of requests) {
					const held = await redis.client.set(identity, owner, 'PX', RETENTION_MS, 'NX', 'GET');
					if (held !== null) throw new Error('a key was held already');
				}
			});
		},
	});
	const peer = 'ioredis, SET PX NX GET';
	report.row({ bench: 'claim-single', unit: 'claims/s', ours, peer, theirs, better: 'more' });
}

/** The same claims with the option *Same Content Under Another Key*, and without it. */
export async function sameContent(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	await redis.empty();
	const count = scale.of({ full: 2_000, short: 1_000 });
	const claimEach = async (requests: readonly ClaimRequest[]) =>
		await rateOf(count, async () => {
			for (const request of requests) fencesOf(await redis.store.claim([request]));
		});
	const { ours, theirs } = await inTurns(scale.of({ full: 15, short: 5 }), {
		ours: async () =>
			await claimEach(
				makeRequests(count).map((request) => ({ ...request, content: contentOf(request) })),
			),
		theirs: async () => await claimEach(makeRequests(count)),
	});
	const peer = 'the same without it';
	report.row({ bench: 'same-content', unit: 'claims/s', ours, peer, theirs, better: 'more' });
}

const contentOf = ({ identity }: ClaimRequest): ContentTerms => ({
	identity: identity.slice(32) + identity.slice(0, 32),
	windowMs: 600_000,
});
