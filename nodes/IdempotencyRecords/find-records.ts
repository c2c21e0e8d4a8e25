import type { INodeProperties } from 'n8n-workflow';

import { allRecords } from '../../lib/core/all-records';
import type { ClaimRecord, ObservedState, Tombstone } from '../../lib/core/record';
import { StoreError, replyAt } from '../../lib/core/reply';
import { observe } from '../../lib/core/transitions';
import { executionHost } from '../shared/claim-host';
import { identityUnder, keyOf } from '../../lib/guard/item-key';
import { namingsOf } from '../../lib/guard/naming';
import { payloadOf } from '../../lib/guard/payload';
import { tenantOf } from '../../lib/guard/tenant';
import { keySourceProperties } from '../shared/properties/key';
import { keyTermsOf, tenantTermsOf } from '../shared/item-terms';
import type { Scope, ScopeKind } from '../../lib/guard/scope';
import { scopeOf } from '../../lib/guard/scope';
import { nodeOf } from '../shared/engine';
import { ComplaintError } from '../../lib/guard/complaint';
import type { RecordsRun } from './operation';
import { requireReach } from './reach';

/** A record that was looked for. `record` is null where there is none, or only what Forget left. */
export interface FoundRecord {
	readonly identity: string;
	readonly state: ObservedState;
	readonly record: ClaimRecord | null;
}

const showFor = (values: Record<string, string[]>) => ({ show: values });
const byKey = { findBy: ['key'] };

/** How an operation finds its records. */
export const findProperties: INodeProperties[] = [
	{
		displayName: 'Find By',
		name: 'findBy',
		type: 'options',
		noDataExpression: true,
		default: 'hash',
		options: [
			{
				name: 'Execution',
				value: 'execution',
				description: 'All requests that an execution has not finished, such as one that failed',
			},
			{
				name: 'Hash',
				value: 'hash',
				description: 'The hash that Idempotency Guard, Idempotency Trigger and List give',
			},
			{
				name: 'Key',
				value: 'key',
				description: 'The key in the input item, as an Idempotency Guard finds it',
			},
		],
	},
	{
		displayName: 'Hash',
		name: 'hash',
		type: 'string',
		default: '={{ $json.hash }}',
		required: true,
		placeholder: 'e.g. 64 hexadecimal digits',
		description: 'Identifies the request',
		displayOptions: showFor({ findBy: ['hash'] }),
	},
	{
		displayName: 'Execution ID',
		name: 'executionId',
		type: 'string',
		default: '={{ $json.execution.id }}',
		required: true,
		description: 'The execution that holds the requests. The default fits behind an Error Trigger.',
		displayOptions: showFor({ findBy: ['execution'] }),
	},
	{
		displayName: 'Workflow ID',
		name: 'workflowId',
		type: 'string',
		default: '={{ $json.workflow.id }}',
		required: true,
		description: 'The workflow of that execution. The default fits behind an Error Trigger.',
		displayOptions: showFor({ findBy: ['execution'] }),
	},
	{
		displayName: 'Scope of the Guard',
		name: 'guardScope',
		type: 'options',
		noDataExpression: true,
		default: 'node',
		description: 'The scope that is set in Idempotency Guard',
		displayOptions: showFor(byKey),
		options: [
			{ name: 'Custom', value: 'custom', description: 'A namespace' },
			{ name: 'This Node', value: 'node', description: 'One Guard alone' },
			{ name: 'This Workflow', value: 'workflow', description: 'All Guards of a workflow' },
		],
	},
	{
		displayName: 'Namespace',
		name: 'guardNamespace',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. payments',
		description: 'The namespace that is set in Idempotency Guard',
		displayOptions: showFor({ ...byKey, guardScope: ['custom'] }),
	},
	{
		displayName: 'Workflow of the Guard',
		name: 'guardWorkflowId',
		type: 'string',
		default: '={{ $workflow.id }}',
		required: true,
		description: 'ID of the workflow that the Guard is in',
		displayOptions: showFor({ ...byKey, guardScope: ['node', 'workflow'] }),
	},
	{
		displayName: 'Guard',
		name: 'guardNode',
		type: 'string',
		default: 'Idempotency Guard',
		required: true,
		description:
			'Name of the Guard where it is in this workflow. Of a Guard in another workflow its node ID, as the exported workflow shows it.',
		displayOptions: showFor({ ...byKey, guardScope: ['node'] }),
	},
	...keySourceProperties.map((property) => ({
		...property,
		displayOptions: { show: { ...property.displayOptions?.show, ...byKey } },
	})),
];

/** @throws StoreError, CanonicalJsonError, ComplaintError */
export async function findRecords(run: RecordsRun, itemIndex: number): Promise<FoundRecord[]> {
	const found = await foundBy(
		run.parameters.get<string>('findBy', itemIndex, 'hash'),
		run,
		itemIndex,
	);
	for (const { record } of found) if (record !== null) requireReach(run.own, record);
	return found;
}

async function foundBy(by: string, run: RecordsRun, itemIndex: number): Promise<FoundRecord[]> {
	switch (by) {
		case 'execution':
			return await ofExecution(run, itemIndex);
		case 'key':
			return [await firstOf(run, await identitiesOfKey(run, itemIndex))];
		default:
			return [await firstOf(run, [hashOf(run, itemIndex)])];
	}
}

function hashOf({ parameters }: RecordsRun, itemIndex: number): string {
	const hash = String(parameters.get<unknown>('hash', itemIndex, '') ?? '').trim();
	if (/^[0-9a-f]{64}$/.test(hash)) return hash;
	throw new ComplaintError({
		message: hash === '' ? '"Hash" is empty for this item' : `"${hash.slice(0, 80)}" is not a hash`,
		description:
			'A hash is 64 hexadecimal digits in lower case, as Idempotency Guard, Idempotency Trigger and the operation "List" give it in the field "hash".',
	});
}

/** The identity by the current naming, then those by earlier ones. */
async function identitiesOfKey(run: RecordsRun, itemIndex: number): Promise<string[]> {
	const { context, parameters, opened } = run;
	const item = context.getInputData()[itemIndex] ?? { json: {} };
	const host = executionHost(context);
	const key = await keyOf(
		keyTermsOf(parameters, itemIndex),
		item.json,
		async () => await payloadOf(host, item, itemIndex, 'idempotency'),
	);
	if (key.missing) throw new ComplaintError(key);
	const tenant = tenantOf(tenantTermsOf(parameters, itemIndex, item.json));
	if (tenant === 'missing') {
		throw new ComplaintError({
			message: '"Tenant" is empty for this item',
			description:
				'The expression found nothing. Correct it, or remove the option where the Guard has no tenants.',
		});
	}
	const scope = guardScopeOf(run, itemIndex);
	return namingsOf(opened).map((naming) => identityUnder(naming, scope, tenant, key));
}

function guardScopeOf({ context, parameters }: RecordsRun, itemIndex: number): Scope {
	const text = (name: string, fallback: string) =>
		String(parameters.get<unknown>(name, itemIndex, fallback) ?? '').trim();
	const kind = parameters.get<ScopeKind>('guardScope', itemIndex, 'node');
	const own = context.getWorkflow().id ?? '';
	const workflowId = text('guardWorkflowId', own);
	const guard = text('guardNode', '');
	const here = workflowId === own ? nodeOf(context, guard) : null;
	const missing = {
		custom: text('guardNamespace', '') === '' ? 'Namespace' : null,
		workflow: workflowId === '' ? 'Workflow of the Guard' : null,
		node: workflowId === '' ? 'Workflow of the Guard' : guard === '' ? 'Guard' : null,
	}[kind];
	if (missing !== null) {
		throw new ComplaintError({
			message: `"${missing}" is empty for this item`,
			description: 'Without it the key of another Guard would be looked for.',
		});
	}
	if (kind === 'node' && here === null && !NODE_ID.test(guard)) {
		throw new ComplaintError({
			message: `There is no node "${guard}" in the workflow ${workflowId}, as far as this one can see`,
			description:
				'Names are known only in the same workflow. For a Guard in another one give its node ID, as the exported workflow shows it.',
		});
	}
	return scopeOf(
		kind,
		{ workflowId, nodeId: here?.id ?? guard, namespace: text('guardNamespace', '') },
		parameters.get<unknown>('options.testRun', itemIndex, false) === true,
	);
}

const NODE_ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;

/** The first identity that has a record; where none has, the first. */
async function firstOf(run: RecordsRun, identities: readonly string[]): Promise<FoundRecord> {
	const found = await recordsAt(run, identities);
	const first = found.find(({ record }) => record !== null) ?? found[0];
	if (first === undefined) throw new StoreError('unexpected', 'Nothing was looked for');
	return first;
}

/**
 * What is remembered under each identity now, with its result: whoever shows it has to ask again whose it is.
 *
 * @throws StoreError, UnreadableRecord
 */
export async function recordsAt(
	{ opened }: RecordsRun,
	identities: readonly string[],
): Promise<FoundRecord[]> {
	const replies = await opened.store.get(identities);
	return identities.map((identity, i) => {
		const reply = replyAt(replies, i);
		if (reply.ok) return foundRecord(identity, reply.answer, reply.micros);
		const isUnreadable = reply.error.problem === 'corrupt_record';
		throw isUnreadable ? new UnreadableRecord(identity, reply.error) : reply.error;
	});
}

/** The value under an identity is no record of ours. */
export class UnreadableRecord extends StoreError {
	constructor(
		readonly identity: string,
		cause: StoreError,
	) {
		super(cause.problem, cause.message, { cause, advice: cause.advice });
	}
}

/** The claims that an execution has not finished. The index of open claims finds them, so no other record is read. */
async function ofExecution(
	{ opened, parameters, own }: RecordsRun,
	itemIndex: number,
): Promise<FoundRecord[]> {
	const ids = { executionId: 'Execution ID', workflowId: 'Workflow ID' } as const;
	const [executionId, workflowId] = (['executionId', 'workflowId'] as const).map((name) => {
		const id = String(parameters.get<unknown>(name, itemIndex, '') ?? '').trim();
		if (id !== '') return id;
		throw new ComplaintError({
			message: `"${ids[name]}" is empty for this item`,
			description:
				'An Error Trigger gives both IDs. Where n8n does not save failed executions, it gives no execution ID: save them in the settings of the workflow.',
		});
	});
	requireReach(own, { workflowId: workflowId ?? '' });
	const found: FoundRecord[] = [];
	const pages = allRecords(opened.store, {
		states: ['pending', 'processing', 'lapsed', 'unknown'],
		executionId: executionId ?? '',
		workflowId: workflowId ?? '',
	});
	for await (const page of pages) {
		if (!page.ok) throw page.error;
		for (const { identity, state, record } of page.answer.records) {
			found.push({ identity, state, record: { ...record, result: null } });
		}
	}
	return found;
}

export function foundRecord(
	identity: string,
	stored: ClaimRecord | Tombstone | null,
	micros: number,
): FoundRecord {
	const state = observe(stored, Math.floor(micros / 1000));
	return { identity, state, record: stored?.state === 'tombstone' ? null : stored };
}
