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
	/** The workflow that makes the report: the only one whose names a node may read. */
	readonly workflow: {
		readonly id: string;
		readonly name: string;
		readonly nodes: ReadonlyMap<string, string>;
	};
}

const TEST_RUN = 'test_';
/** n8n's ids of workflows and nodes: a Guard without a namespace of its own has both. */
const OF_NODE = /^([A-Za-z0-9]{8,36})_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** The workflow and node behind a namespace, with a link where it names them; else the name that was chosen for it. */
export function placeOf(namespace: string, { baseUrl, workflow }: KnownPlaces): Place {
	const isTestRun = namespace.startsWith(TEST_RUN);
	const name = isTestRun ? namespace.slice(TEST_RUN.length) : namespace;
	const [, workflowId, nodeId = ''] = OF_NODE.exec(name) ?? [];
	if (workflowId === undefined) return { label: name, href: null, isTestRun };
	const isOwn = workflowId === workflow.id;
	const label = isOwn
		? `${workflow.name} › ${workflow.nodes.get(nodeId) ?? 'a node that is gone'}`
		: `Workflow ${workflowId}`;
	return { label, href: `${baseUrl}workflow/${workflowId}/${nodeId}`, isTestRun };
}

/** The page of an execution in n8n. */
export function executionUrl(baseUrl: string, workflowId: string, executionId: string): string {
	return `${baseUrl}workflow/${workflowId}/executions/${executionId}`;
}
