import type { IExecuteFunctions, INode } from 'n8n-workflow';

import { claimItems, grantedClaims } from '../../lib/guard/claim-items';
import type { OpenStore } from '../../lib/guard/opened-store';
import type { ClaimableItem } from '../../lib/guard/prepare';
import { HeldClaims } from '../../nodes/run-end/hold-claims';
import type { GuardSettings } from '../../nodes/shared/guard-settings';
import { makeRequests } from '../requests';

/** A run of n8n that let `count` requests through and was stopped by the act for the last of them, as n8n leaves it. */
export interface FailedRun {
	readonly identities: readonly string[];
	/** What n8n calls at the end of the run. */
	end(): Promise<void>;
}

const node = (name: string, type: string, parameters: INode['parameters'] = {}): INode => ({
	id: name,
	name,
	type,
	typeVersion: 4.2,
	position: [0, 0],
	parameters,
});

const NODES = {
	Guard: node('Guard', 'n8n-nodes-idempotency.idempotencyGuard'),
	Charge: node('Charge', 'n8n-nodes-base.httpRequest', {
		method: 'POST',
		url: 'https://pay.test/',
	}),
	Commit: node('Commit', 'n8n-nodes-idempotency.idempotencyCommit'),
};

export async function failedRun(opened: OpenStore, count: number): Promise<FailedRun> {
	const claimable = makeRequests(count).map(
		(request) =>
			({ kind: 'claim', request, earlierRequests: [], content: null }) as unknown as ClaimableItem,
	);
	const claimed = await claimItems(opened, { minReplicas: 0 }, claimable);
	const granted = grantedClaims(claimed);
	const items = granted.map(({ token, fence }, item) => ({
		json: { order: item, idempotency: { outcome: 'new', token, fence } },
		pairedItem: { item },
	}));
	const error = Object.assign(new Error('402'), {
		name: 'NodeApiError',
		httpCode: '402',
		node: NODES.Charge,
		context: { itemIndex: count - 1 },
	});
	const time = { startTime: 0, executionTime: 1, hints: [] };
	const source = [{ previousNode: 'Guard' }];
	const finishers: Array<() => Promise<void>> = [];
	const context = {
		additionalData: { hooks: { addHandler: () => undefined } },
		workflow: {
			nodes: NODES,
			connectionsBySourceNode: {
				Guard: { main: [[{ node: 'Charge', type: 'main', index: 0 }]] },
				Charge: { main: [[{ node: 'Commit', type: 'main', index: 0 }]] },
			},
		},
		runExecutionData: {
			resultData: {
				runData: {
					Guard: [{ ...time, executionIndex: 1, source: [], data: { main: [items, [], []] } }],
					Charge: [{ ...time, executionIndex: 2, source, error }],
				},
				error,
				lastNodeExecuted: 'Charge',
			},
			executionData: { contextData: {}, nodeExecutionStack: [], waitingExecutionSource: {} },
		},
		getNode: () => NODES.Guard,
		getMode: () => 'webhook',
		getExecutionCancelSignal: () => undefined,
		onExecutionFinish: (finish: () => Promise<void>) => finishers.push(finish),
	} as unknown as IExecuteFunctions;
	const held = new HeldClaims(context, opened, {
		isTestRun: false,
		awaitsCommit: true,
		scope: { kind: 'custom', namespace: 'bench' },
	} as GuardSettings);
	await held.hold(granted);
	held.handOver();
	return {
		identities: granted.map(({ identity }) => identity),
		end: async () => {
			for (const finish of finishers) await finish();
		},
	};
}
