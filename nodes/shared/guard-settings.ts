import type { IExecuteFunctions, NodeTypeAndVersion } from 'n8n-workflow';

import type { StoreKind } from '../../lib/core/store';
import { ComplaintError } from '../../lib/guard/complaint';
import type { ScopeKind } from '../../lib/guard/scope';
import { scopeOf } from '../../lib/guard/scope';
import type { GuardTerms } from '../../lib/guard/terms';
import { ownNodeOf } from './engine';
import { commitsBehind, outputFieldOf } from './node-types';
import type { ItemParameters } from './parameters';
import { storeTitle } from './store-parameter';
import { asksForSqlToken } from './watching';

const LONGEST_WAIT_SECONDS = 3600;

/** What holds for all items of a Guard. */
export interface GuardSettings extends GuardTerms {
	readonly store: StoreKind;
	readonly nodeId: string;
	readonly onMissingKey: 'error' | 'conflict' | 'continueUnprotected';
	readonly onStoreError: 'error' | 'continueUnprotected';
	readonly detailsOnDuplicates: boolean;
	/** Only a Commit says that a request was handled; else the success of the run does as well. */
	readonly awaitsCommit: boolean;
	readonly skip: boolean;
}

/** What settings are read from; a webhook has it as well. */
export type SettingsContext = Pick<
	IExecuteFunctions,
	'getNode' | 'getWorkflow' | 'getMode' | 'getChildNodes'
>;

/** @throws ComplaintError for settings that can't work. */
export function readSettings(context: SettingsContext, parameters: ItemParameters): GuardSettings {
	const node = ownNodeOf(context);
	const workflowId = context.getWorkflow().id;
	if (!workflowId) {
		throw new ComplaintError({
			message: 'Save the workflow before you run it',
			description:
				'Keys belong to this node of this workflow. A workflow that was never saved has no ID yet, so its keys could not be told from those of others.',
		});
	}
	const option = <T>(name: string, fallback: T) => parameters.get(`options.${name}`, 0, fallback);

	const kind = option<ScopeKind>('scope', 'node');
	const namespace = String(option('namespace', '')).trim();
	if (kind === 'custom' && namespace === '') {
		throw new ComplaintError({
			message: '"Scope" is "Custom", but "Scope: Namespace" is empty',
			description: 'Add the option "Scope: Namespace", or set "Scope" to "This Node".',
		});
	}
	const outputField = outputFieldOf(node.parameters);
	if (outputField === '' || outputField === '__proto__') {
		throw new ComplaintError({
			message: '"Put Details in Field" is not a usable field name',
			description: 'Remove the option to use the field "idempotency".',
		});
	}
	const store = parameters.get<StoreKind>('store', 0, 'embedded');
	const commits = commitsBehind(context);
	if (commits.length > 0 && !commits.some((commit) => storeOf(commit) === store)) {
		throw new ComplaintError({
			message: 'Idempotency Commit uses another store than this node',
			description: `Set "Store" to the same in both, or the result could not be saved. In "${commits[0]?.name}" it is "${storeTitle(storeOf(commits[0]))}", here it is "${storeTitle(store)}".`,
		});
	}
	const testRuns = option<'separate' | 'same' | 'skip'>('testRuns', 'separate');
	const observes = parameters.get<string>('mode', 0, 'enforce') === 'observe';
	const isManual = context.getMode() === 'manual';
	const isTestRun = isManual && testRuns === 'separate';
	return {
		store,
		workflowId,
		nodeId: node.id,
		scope: scopeOf(kind, { workflowId, nodeId: node.id, namespace }, isTestRun),
		onMissingKey: option<GuardSettings['onMissingKey']>('onMissingKey', 'error'),
		onStoreError: option<GuardSettings['onStoreError']>('onStoreError', 'error'),
		outputField,
		detailsOnDuplicates: option('detailsOnDuplicates', false),
		awaitsCommit: awaitsCommit(parameters, commits.length > 0),
		extendRetention: option('extendRetention', false),
		maxWaitMs: maxWaitOf(parameters),
		minReplicas: store === 'redis' ? minReplicasOf(parameters) : 0,
		strictAge: strictAgeOf(parameters),
		completeInSql: !observes && asksForSqlToken(node),
		isTestRun,
		observes,
		skip: isManual && testRuns === 'skip',
	};
}

function awaitsCommit(parameters: ItemParameters, leadsToCommit: boolean): boolean {
	const handledWhen = parameters.get<'auto' | 'commit' | 'run'>('handledWhen', 0, 'auto');
	return handledWhen === 'auto' ? leadsToCommit : handledWhen === 'commit';
}

function maxWaitOf(parameters: ItemParameters): number | null {
	if (parameters.get<string>('options.onInProgress', 0, 'conflict') !== 'wait') return null;
	const seconds = Number(parameters.get<unknown>('options.maxWaitSeconds', 0, 30));
	if (seconds > 0 && seconds <= LONGEST_WAIT_SECONDS) return seconds * 1000;
	throw new ComplaintError({
		message: '"Wait at Most (Seconds)" must be more than 0 and at most 3600',
		description: 'An execution that waits holds its place in n8n. Wait for seconds, not hours.',
	});
}

function minReplicasOf(parameters: ItemParameters): number {
	const replicas = Number(parameters.get<unknown>('options.minReplicas', 0, 0));
	if (Number.isSafeInteger(replicas) && replicas >= 0) return replicas;
	throw new ComplaintError({
		message: '"Redis: Min Replicas" must be a whole number, 0 or more',
		description: 'It says how many replicas of Redis have to hold a claim before it counts.',
	});
}

function strictAgeOf(parameters: ItemParameters): boolean {
	const strictAge = parameters.get<unknown>('options.strictAge', 0, false) === true;
	if (!strictAge || parameters.has('options.ksuidTime')) return strictAge;
	throw new ComplaintError({
		message: '"Time: Strict Age" needs the option "Time: Event Time"',
		description:
			'It compares the time of the event with the time at which the store began. Add the option "Time: Event Time" with the time that the sender gives, or remove "Time: Strict Age".',
	});
}

const storeOf = (commit: NodeTypeAndVersion | undefined) => commit?.parameters?.store ?? 'embedded';
