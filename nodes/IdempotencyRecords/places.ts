import type { IDataObject } from 'n8n-workflow';

import type { ClaimRecord } from '../../lib/core/record';
import { runViewOf } from '../shared/engine';
import type { RecordsRun } from './operation';

/** Where a namespace is, for people. */
export interface Place {
	readonly label: string;
	/** An address in n8n's editor; null where the namespace tells none. */
	readonly href: string | null;
	/** Keys of runs from the editor. */
	readonly isTestRun: boolean;
}

/** What places are told from. */
export interface KnownPlaces {
	/** Of this n8n, with a slash at its end. */
	readonly baseUrl: string;
	/** What Guards have noted of themselves, by namespace. */
	readonly names: ReadonlyMap<string, string>;
	/** The workflow that makes the report: the only one whose names a node may read as they are now. */
	readonly workflow: {
		readonly id: string;
		readonly name: string;
		readonly nodes: ReadonlyMap<string, string>;
	};
}

const TEST_RUN = 'test_';
/** n8n's ids of workflows and nodes: the namespace of a Guard has both, or the first, unless one was chosen for it. */
const OF_NODE = /^([A-Za-z0-9]{8,36})(?:_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))?$/;

/** The workflow and node behind a namespace, with a link where it names them; else the name that was chosen for it. */
export function placeOf(namespace: string, { baseUrl, names, workflow }: KnownPlaces): Place {
	const isTestRun = namespace.startsWith(TEST_RUN);
	const own = isTestRun ? namespace.slice(TEST_RUN.length) : namespace;
	const noted = names.get(namespace) ?? names.get(own);
	const [, workflowId, nodeId] = OF_NODE.exec(own) ?? [];
	// A namespace of one's own choice may look like a workflow's ID: it has no noted name.
	const isChosen = nodeId === undefined && noted === undefined && workflowId !== workflow.id;
	if (workflowId === undefined || isChosen) {
		return { label: noted ?? own, href: null, isTestRun };
	}
	const href = `${baseUrl}workflow/${workflowId}${nodeId === undefined ? '' : `/${nodeId}`}`;
	if (workflowId !== workflow.id) {
		return { label: noted ?? `Workflow ${workflowId}`, href, isTestRun };
	}
	if (nodeId === undefined) return { label: workflow.name, href, isTestRun };
	const node = workflow.nodes.get(nodeId) ?? 'a node that is gone';
	return { label: `${workflow.name} › ${node}`, href, isTestRun };
}

/** The places of these namespaces. Names are for people: without them IDs are shown. */
export async function placesOf(
	{ context, opened }: RecordsRun,
	namespaces: Iterable<string>,
): Promise<KnownPlaces> {
	const { id = '', name = '' } = context.getWorkflow();
	const nodes = Object.values(runViewOf(context)?.nodes ?? {});
	const real = [...new Set(namespaces)].flatMap((namespace) =>
		namespace.startsWith(TEST_RUN) ? [namespace, namespace.slice(TEST_RUN.length)] : [namespace],
	);
	const noted = real.length === 0 ? null : await opened.store.names([...new Set(real)]);
	return {
		baseUrl: context.getInstanceBaseUrl(),
		names: noted?.ok === true ? noted.answer : new Map(),
		workflow: { id, name, nodes: new Map(nodes.map((node) => [node.id, node.name])) },
	};
}

/** For an item: where its request was seen, and where to look. */
export function placeFields(
	{
		namespace,
		workflowId,
		executionId,
	}: Pick<ClaimRecord, 'namespace' | 'workflowId' | 'executionId'>,
	places: KnownPlaces,
): IDataObject {
	const { label, href } = placeOf(namespace, places);
	return {
		where: label,
		nodeUrl: href,
		executionUrl: executionId === '' ? null : executionUrl(places.baseUrl, workflowId, executionId),
	};
}

/** The page of an execution in n8n. */
export function executionUrl(baseUrl: string, workflowId: string, executionId: string): string {
	return `${baseUrl}workflow/${workflowId}/executions/${executionId}`;
}
