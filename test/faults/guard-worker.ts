import { setTimeout as sleep } from 'node:timers/promises';

import { claimItems } from '../../lib/guard/claim-items';
import { commandWithRetries } from '../../lib/guard/command-with-retries';
import { namingIdsOf, namingsOf } from '../../lib/guard/naming';
import type { OpenStore } from '../../lib/guard/opened-store';
import { signingKeysOf } from '../../lib/guard/opened-store';
import type { ClaimableItem } from '../../lib/guard/prepare';
import { SecretKeeper } from '../../lib/guard/secret-keeper';
import { keepersFor } from '../../lib/guard/store-keepers';
import { unsealToken } from '../../lib/keys/claim-token';
import { identityOf } from '../../lib/keys/identity';
import { openRedisStore } from '../../lib/stores/redis';
import { claimRequest, finishOf } from '../support/requests';
import { QUICK_TIMEOUTS } from './quick-timeouts';

/** A process that claims as Guard does, acts, and finishes as Commit does, with the secrets of a credential. See deployments.test.ts. */

export interface GuardTask {
	readonly name: string;
	readonly port: number;
	readonly keyPrefix: string;
	readonly secret: string;
	readonly previousSecret: string;
	/** The key prefix of the credential that Commit has; the Guard's unless set. */
	readonly commitPrefix?: string;
	/** Port of the provider on 127.0.0.1. */
	readonly downstream: number;
	readonly deliveries: readonly string[];
	/** How long it lives on afterwards: a process of n8n does not end with a run. */
	readonly lingerMs: number;
}

/** What came of each delivery: `new`, `duplicate`, the reason of a conflict, the problem of the store, or why Commit refused. */
export type GuardLine = readonly string[];

function open(task: GuardTask, keyPrefix: string): OpenStore {
	const { port, secret, previousSecret } = task;
	const at = { deployment: 'standalone', host: '127.0.0.1', port } as const;
	const store = openRedisStore({ ...at, keyPrefix, timeouts: QUICK_TIMEOUTS });
	const secrets = { secret, previousSecret };
	const secretKeeper = new SecretKeeper(store, namingIdsOf(secrets));
	return { store, ...keepersFor(store), ...secrets, secretKeeper };
}

function itemOf(task: GuardTask, opened: OpenStore, key: string, number: number): ClaimableItem {
	const [request, ...earlierRequests] = namingsOf(opened).map((naming) =>
		claimRequest({
			identity: identityOf({ scope: 'faults', tenant: null, keyParts: [key], ...naming }),
			owner: `${task.name}-${number}`,
			key,
			leaseMs: 600_000,
			claimTimeoutMs: 600_000,
		}),
	);
	return { kind: 'claim', request, earlierRequests, content: null } as unknown as ClaimableItem;
}

async function deliver(
	task: GuardTask,
	guard: OpenStore,
	commit: OpenStore,
	item: ClaimableItem,
): Promise<string> {
	const [claimed] = await claimItems(guard, { minReplicas: 0 }, [item]);
	if (!claimed?.ok) return claimed?.error.problem ?? 'no answer';
	const { answer, request, token } = claimed;
	if (answer.outcome === 'conflict') return answer.reason;
	if (answer.outcome === 'duplicate') return 'duplicate';
	await fetch(`http://127.0.0.1:${task.downstream}/`, {
		method: 'POST',
		body: JSON.stringify({ key: request.key, owner: request.owner, fence: answer.fence }),
	});
	for (;;) {
		const keys = await signingKeysOf(commit);
		const found = keys.ok ? unsealToken(token ?? '', keys.answer) : null;
		if (found !== null && !found.ok) return found.problem;
		if (found !== null) {
			const [done] = await commandWithRetries(commit.store, [finishOf(request, answer.fence)]);
			if (done?.ok) return answer.outcome;
		}
		await sleep(50);
	}
}

async function main(task: GuardTask): Promise<void> {
	const { commitPrefix = task.keyPrefix } = task;
	const guard = open(task, task.keyPrefix);
	const commit = commitPrefix === task.keyPrefix ? guard : open(task, commitPrefix);
	const outcomes: string[] = [];
	// As a node does when it opens its store.
	const refusal = await guard.secretKeeper?.refusal();
	for (const [number, key] of task.deliveries.entries()) {
		if (refusal?.problem === 'unknown_secret') outcomes.push(refusal.problem);
		else outcomes.push(await deliver(task, guard, commit, itemOf(task, guard, key, number)));
	}
	await sleep(task.lingerMs);
	await Promise.all([guard, commit].map(async ({ store }) => await store.close()));
	const line: GuardLine = outcomes;
	process.stdout.write(`${JSON.stringify(line)}\n`);
}

void main(JSON.parse(process.argv[2] ?? '{}') as GuardTask);
