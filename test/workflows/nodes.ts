import { IdempotencyCommit } from '../../nodes/IdempotencyCommit/IdempotencyCommit.node';
import { IdempotencyGuard } from '../../nodes/IdempotencyGuard/IdempotencyGuard.node';
import { IdempotencyTrigger } from '../../nodes/IdempotencyTrigger/IdempotencyTrigger.node';
import { IdempotentWebhook } from '../../nodes/IdempotentWebhook/IdempotentWebhook.node';
import { IdempotencyRecords } from '../../nodes/IdempotencyRecords/IdempotencyRecords.node';
import type { EngineOptions } from '../support/engine';
import { createEngine, standIns } from '../support/engine';

/** n8n's engine with our nodes and the stand-ins. */
export function engine(options: Partial<EngineOptions> = {}) {
	return createEngine({
		...options,
		nodes: {
			...standIns,
			'n8n-nodes-idempotency.idempotencyGuard': new IdempotencyGuard(),
			'n8n-nodes-idempotency.idempotencyCommit': new IdempotencyCommit(),
			'n8n-nodes-idempotency.idempotencyTrigger': new IdempotencyTrigger(),
			'n8n-nodes-idempotency.idempotentWebhook': new IdempotentWebhook(),
			'n8n-nodes-idempotency.idempotencyRecords': new IdempotencyRecords(),
			...options.nodes,
		},
	});
}
