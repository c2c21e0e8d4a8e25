import { partsOfObject } from '../../lib/keys/canonical-parts';
import { fieldDigestsOfTexts } from '../../lib/keys/field-digests';
import { comparisonOf, fingerprintOfText, identityOf, ownerTokenOf } from '../../lib/keys/identity';
import type { ClaimRequest, OwnerAnswer, UnknownOutcomePolicy } from '../../lib/core/record';
import { openRedisStore } from '../../lib/stores/redis';
import { decodeResult, encodeResult } from '../../lib/results/result-codec';
import { finishOf } from '../requests';
import type { Delivery, Handler, Peer, PeerOptions, Told } from './peer';

const HOUR_MS = 3_600_000;

export const OUR_NAME = 'n8n-nodes-idempotency';

/** Computed once, as the Guard does. */
const OF_PAYLOAD = comparisonOf(['payload']);

let opened = 0;

/** Our Redis store, used as Guard and Commit use it. */
export function ourPeer(onUnknownOutcome: UnknownOutcomePolicy = 'hold', name = OUR_NAME): Peer {
	return {
		name,
		open: async (options) => await Promise.resolve(new OurHandler(options, onUnknownOutcome)),
	};
}

/** As Commit takes it: now, or before, where the answer to it was lost. */
function isSaved(answer: OwnerAnswer | undefined): boolean {
	return answer?.outcome === 'done' || (answer?.outcome === 'kept' && answer.state === 'completed');
}

class OurHandler implements Handler {
	private readonly store;

	private readonly nonce = `${process.pid} ${opened++}`;

	private runs = 0;

	constructor(
		private readonly options: PeerOptions,
		private readonly onUnknownOutcome: UnknownOutcomePolicy,
	) {
		const { port } = options;
		// Options of its own, so that this is a connection of its own.
		const timeouts = { idleMs: 60_000 + opened };
		this.store = openRedisStore({ deployment: 'standalone', host: '127.0.0.1', port, timeouts });
	}

	async handle(delivery: Delivery, act: () => Promise<unknown>): Promise<Told> {
		const request = this.requestOf(delivery);
		const [claimed] = await this.store.claim([request]);
		if (claimed === undefined) throw new Error('no reply');
		if (!claimed.ok) throw claimed.error;
		const { answer } = claimed;
		switch (answer.outcome) {
			case 'conflict':
				return { outcome: 'refused', reason: answer.reason };
			case 'duplicate': {
				const decoded = answer.result === null ? null : decodeResult(answer.result);
				const result = decoded?.ok ? decoded.items?.[0]?.json.result : undefined;
				return { outcome: 'result', acted: false, result };
			}
			case 'new': {
				const result = await act();
				const { bytes } = encodeResult([{ json: { result } }], { maxBytes: 1 << 20 });
				const [finished] = await this.store.command([finishOf(request, answer.fence, bytes)]);
				if (finished?.ok === false) throw finished.error;
				return isSaved(finished?.answer)
					? { outcome: 'result', acted: true, result }
					: { outcome: 'refused', reason: finished?.answer.outcome ?? 'no answer' };
			}
		}
	}

	async close(): Promise<void> {
		await this.store.close();
	}

	private requestOf({ key, payload }: Delivery): ClaimRequest {
		const { leaseMs, retentionMs } = this.options;
		const executionId = `${this.nonce} ${this.runs++}`;
		const parts = partsOfObject(payload, new Set(), () => Object.entries(payload));
		return {
			identity: identityOf({ scope: 'bench', tenant: null, keyParts: [key ?? payload] }),
			owner: ownerTokenOf({
				nonce: this.nonce,
				executionId,
				nodeId: 'guard',
				runIndex: 0,
				itemIndex: 0,
			}),
			fingerprint: fingerprintOfText(parts.text),
			comparison: OF_PAYLOAD,
			fieldDigests: fieldDigestsOfTexts(parts.fields),
			tenant: '',
			namespace: 'bench',
			key: key ?? '',
			eventAt: null,
			leaseMs,
			claimTimeoutMs: HOUR_MS,
			retentionMs,
			onUnknownOutcome: this.onUnknownOutcome,
			maxAttempts: null,
			extendRetention: false,
			strictAge: false,
			pending: false,
			workflowId: 'bench',
			executionId,
		};
	}
}
