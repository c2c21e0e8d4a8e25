import type { ClaimAnswer } from '../../lib/core/record';
import type { Reply } from '../../lib/core/reply';
import type { Store } from '../../lib/core/store';

/** Stores that break a promise each, so that harness.test.ts can see the harness find it. */
export type Broken =
	| 'grants what another holds'
	| 'has one fence for all'
	| 'replays another result'
	| 'leaves a rejection unhandled'
	| 'takes its time to fail';

/** Longer than any call may take, with the slowness that harness.test.ts grants: see `longestCallMs`. */
const TOO_LONG_MS = 6_000;

type Change = (reply: Reply<ClaimAnswer>) => Reply<ClaimAnswer> | Promise<Reply<ClaimAnswer>>;

const CHANGES: Readonly<Record<Broken, Change>> = {
	'grants what another holds': (reply) => {
		if (!reply.ok || reply.answer.outcome !== 'conflict' || reply.answer.record === null) {
			return reply;
		}
		const { record } = reply.answer;
		return {
			...reply,
			answer: { outcome: 'new', fence: reply.micros, takeover: false, record },
		};
	},
	'has one fence for all': (reply) =>
		reply.ok && reply.answer.outcome === 'new'
			? { ...reply, answer: { ...reply.answer, fence: 1 } }
			: reply,
	'replays another result': (reply) =>
		reply.ok && reply.answer.outcome === 'duplicate'
			? { ...reply, answer: { ...reply.answer, result: Buffer.from('another') } }
			: reply,
	'leaves a rejection unhandled': (reply) => {
		void Promise.reject(new Error('nobody waits for this'));
		return reply;
	},
	'takes its time to fail': async (reply) => {
		await new Promise((resolve) => setTimeout(resolve, TOO_LONG_MS));
		return reply;
	},
};

/** The store with one fault in how it answers claims. */
export function brokenStore(store: Store, broken: Broken): Store {
	return new Proxy(store, {
		get(target, name) {
			const member: unknown = Reflect.get(target, name, target);
			if (typeof member !== 'function') return member;
			if (name !== 'claim') return member.bind(target) as unknown;
			return async (...args: Parameters<Store['claim']>) =>
				await Promise.all((await target.claim(...args)).map(CHANGES[broken]));
		},
	});
}
