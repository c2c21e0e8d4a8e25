import type { IExecuteFunctions, NodeTypeAndVersion } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { LEASE_MS } from '../../lib/guard/lease-keeper';
import type { UnknownOutcomePolicy } from '../../lib/core/record';
import type { StoreKind } from '../../lib/core/store';
import { durationProblem } from '../../lib/core/durations';
import { commitsBehind, outputFieldOf } from './node-types';
import type { ItemParameters } from './parameters';
import type { ClaimHost } from './claim-host';
import type { Scope, ScopeKind } from '../IdempotencyGuard/scope';
import { scopeOf } from '../IdempotencyGuard/scope';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const LONGEST_WAIT_SECONDS = 3600;
const TEST_RUN_RETENTION_MS = HOUR_MS;

/** What holds for all items of a Guard. */
export interface GuardSettings {
	readonly store: StoreKind;
	readonly workflowId: string;
	readonly nodeId: string;
	readonly scope: Scope;
	readonly onMissingKey: 'error' | 'conflict' | 'continueUnprotected';
	readonly onStoreError: 'error' | 'continueUnprotected';
	readonly outputField: string;
	readonly detailsOnDuplicates: boolean;
	readonly extendRetention: boolean;
	/** How long a batch waits for the runs that hold its keys; null where it does not. */
	readonly maxWaitMs: number | null;
	/** So many replicas have to hold a claim before it counts. */
	readonly minReplicas: number;
	readonly strictAge: boolean;
	readonly isTestRun: boolean;
	readonly skip: boolean;
}

/** What settings are read from; a webhook has it as well. */
export type SettingsContext = Pick<
	IExecuteFunctions,
	'getNode' | 'getWorkflow' | 'getMode' | 'getChildNodes'
>;

/** What an item's claim is asked with. */
export interface ClaimSettings {
	readonly retentionMs: number;
	readonly claimTimeoutMs: number;
	readonly leaseMs: number;
	readonly onUnknownOutcome: UnknownOutcomePolicy;
	readonly maxAttempts: number | null;
}

/** @throws NodeOperationError for settings that can't work. */
export function readSettings(context: SettingsContext, parameters: ItemParameters): GuardSettings {
	const node = context.getNode();
	const workflowId = context.getWorkflow().id;
	if (!workflowId) {
		throw new NodeOperationError(node, 'Save the workflow before you run it', {
			description:
				'Keys belong to this node of this workflow. A workflow that was never saved has no ID yet, so its keys could not be told from those of others.',
		});
	}
	const option = <T>(name: string, fallback: T) => parameters.get(`options.${name}`, 0, fallback);

	const kind = option<ScopeKind>('scope', 'node');
	const namespace = String(option('namespace', '')).trim();
	if (kind === 'custom' && namespace === '') {
		throw new NodeOperationError(node, 'The scope is "Custom", but "Namespace" is empty', {
			description: 'Add the option "Namespace", or set "Scope" to "This Node".',
		});
	}
	const outputField = outputFieldOf(node.parameters);
	if (outputField === '' || outputField === '__proto__') {
		throw new NodeOperationError(node, '"Put Details in Field" is not a usable field name', {
			description: 'Remove the option to use the field "idempotency".',
		});
	}
	const store = parameters.get<StoreKind>('store', 0, 'embedded');
	const commits = commitsBehind(context);
	if (commits.length > 0 && !commits.some((commit) => storeOf(commit) === store)) {
		throw new NodeOperationError(node, 'Idempotency Commit uses another store than this node', {
			description: `Set "Store" to the same in both, or the result could not be saved. In "${commits[0]?.name}" it is "${storeOf(commits[0])}", here it is "${store}".`,
		});
	}
	const testRuns = option<'separate' | 'same' | 'skip'>('testRuns', 'separate');
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
		extendRetention: option('extendRetention', false),
		maxWaitMs: maxWaitOf(context, parameters),
		minReplicas: store === 'redis' ? minReplicasOf(context, parameters) : 0,
		strictAge: strictAgeOf(context, parameters),
		isTestRun,
		skip: isManual && testRuns === 'skip',
	};
}

function maxWaitOf(context: SettingsContext, parameters: ItemParameters): number | null {
	if (parameters.get<string>('onInProgress', 0, 'conflict') !== 'wait') return null;
	const seconds = Number(parameters.get<unknown>('maxWaitSeconds', 0, 30));
	if (seconds > 0 && seconds <= LONGEST_WAIT_SECONDS) return seconds * 1000;
	throw new NodeOperationError(
		context.getNode(),
		'"Wait at Most (Seconds)" must be more than 0 and at most 3600',
		{ description: 'An execution that waits holds its place in n8n. Wait for seconds, not hours.' },
	);
}

function minReplicasOf(context: SettingsContext, parameters: ItemParameters): number {
	const replicas = Number(parameters.get<unknown>('options.minReplicas', 0, 0));
	if (Number.isSafeInteger(replicas) && replicas >= 0) return replicas;
	throw new NodeOperationError(
		context.getNode(),
		'"Min Replicas" must be a whole number, 0 or more',
		{ description: 'It says how many replicas of Redis have to hold a claim before it counts.' },
	);
}

function strictAgeOf(context: SettingsContext, parameters: ItemParameters): boolean {
	const strictAge = parameters.get<unknown>('options.strictAge', 0, false) === true;
	if (!strictAge || parameters.has('options.ksuidTime')) return strictAge;
	throw new NodeOperationError(context.getNode(), '"Strict Age" needs the option "Event Time"', {
		description:
			'It compares the time of the event with the time at which the store began. Add the option "Event Time" with the time that the sender gives, or remove "Strict Age".',
	});
}

const storeOf = (commit: NodeTypeAndVersion | undefined) => commit?.parameters?.store ?? 'embedded';

/** @returns the settings, or what is wrong with them. */
export function claimSettingsOf(
	host: ClaimHost,
	parameters: ItemParameters,
	settings: GuardSettings,
	itemIndex: number,
): ClaimSettings | string {
	const claimTimeoutMs =
		Number(parameters.get('options.claimTimeoutMinutes', itemIndex, 60)) * MINUTE_MS;
	const askedRetentionMs = Number(parameters.get('retentionHours', itemIndex, 48)) * HOUR_MS;
	const retentionMs = settings.isTestRun
		? Math.min(askedRetentionMs, TEST_RUN_RETENTION_MS)
		: askedRetentionMs;
	const problem =
		durationProblem('"Remember For (Hours)"', retentionMs) ??
		durationProblem('"Claim Timeout (Minutes)"', claimTimeoutMs);
	if (problem !== null) return problem;

	let maxAttempts: number | null = null;
	if (parameters.get('options.limitAttempts', itemIndex, false)) {
		maxAttempts = Number(parameters.get('options.maxAttempts', itemIndex, 5));
		if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) {
			return '"Max Attempts" must be a whole number of at least 1';
		}
	}
	return {
		retentionMs: Math.ceil(retentionMs),
		claimTimeoutMs: Math.ceil(claimTimeoutMs),
		leaseMs: Math.ceil(leaseOf(host.hearsEnd || settings.isTestRun, claimTimeoutMs)),
		onUnknownOutcome: settings.isTestRun
			? 'retry'
			: parameters.get<UnknownOutcomePolicy>('onUnknownOutcome', itemIndex, 'hold'),
		maxAttempts,
	};
}

/**
 * In ms. Short where it is renewed while the execution lives, until we are told of its end. Where n8n can't tell, nobody could stop the
 * renewal, so the lease is the whole claim timeout; but for test runs, which must not block the next one.
 */
export function leaseOf(short: boolean, claimTimeoutMs: number): number {
	return short ? Math.min(LEASE_MS, claimTimeoutMs) : claimTimeoutMs;
}
