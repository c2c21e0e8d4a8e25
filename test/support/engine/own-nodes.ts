import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { INodeType, IVersionedNodeType } from 'n8n-workflow';

/** n8n's own nodes by the file that holds each, below the folder of nodes of n8n-nodes-base. */
const FILES = {
	aggregate: 'Transform/Aggregate/Aggregate',
	beeminder: 'Beeminder/Beeminder',
	emailSend: 'EmailSend/EmailSend',
	executeWorkflow: 'ExecuteWorkflow/ExecuteWorkflow/ExecuteWorkflow',
	executeWorkflowTrigger: 'ExecuteWorkflow/ExecuteWorkflowTrigger/ExecuteWorkflowTrigger',
	filter: 'Filter/Filter',
	graphql: 'GraphQL/GraphQL',
	gSuiteAdmin: 'Google/GSuiteAdmin/GSuiteAdmin',
	httpRequest: 'HttpRequest/HttpRequest',
	if: 'If/If',
	jenkins: 'Jenkins/Jenkins',
	merge: 'Merge/Merge',
	noOp: 'NoOp/NoOp',
	postgres: 'Postgres/Postgres',
	set: 'Set/Set',
	splitInBatches: 'SplitInBatches/SplitInBatches',
	splitOut: 'Transform/SplitOut/SplitOut',
	wait: 'Wait/Wait',
} as const;

type Type = INodeType | IVersionedNodeType;

/** n8n's own nodes from the install of the real n8n (see test/support/install-n8n.mjs), by their full names. */
export function ownNodes(...names: Array<keyof typeof FILES>): Record<string, Type> {
	const { N8N_INSTALL: folder } = process.env;
	if (folder === undefined)
		throw new Error('Run these tests by jest: its global set-up installs n8n');
	const nodes = join(folder, 'node_modules', 'n8n-nodes-base', 'dist', 'nodes');
	const load = createRequire(__filename);
	return Object.fromEntries(
		names.map((name) => {
			const file = FILES[name];
			const exported = load(join(nodes, `${file}.node.js`)) as Record<string, new () => Type>;
			const Node = exported[file.split('/').at(-1) ?? ''];
			if (Node === undefined) throw new Error(`${file} does not hold a node of its name`);
			return [`n8n-nodes-base.${name}`, new Node()];
		}),
	);
}
