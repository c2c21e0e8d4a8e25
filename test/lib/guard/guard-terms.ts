import { scopeOf } from '../../../lib/guard/scope';
import type { GuardTerms } from '../../../lib/guard/terms';

/** Terms of a Guard that asks for nothing special, for tests of the engine. */
export const guard: GuardTerms = {
	workflowId: 'billing',
	scope: scopeOf('custom', { workflowId: '', nodeId: '', namespace: 'payments' }, false),
	outputField: 'idempotency',
	extendRetention: false,
	maxWaitMs: null,
	minReplicas: 0,
	strictAge: false,
	completeInSql: false,
	isTestRun: false,
	observes: false,
};
