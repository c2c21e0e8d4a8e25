import { ExecutionLifecycleHooks, ExternalSecretsProxy } from 'n8n-core';
import { ICredentialsHelper, NodeHelpers } from 'n8n-workflow';
import type {
	ExecuteWorkflowData,
	ICredentialDataDecryptedObject,
	IExecuteResponsePromiseData,
	IExecuteWorkflowInfo,
	INodeCredentialsDetails,
	INodeExecutionData,
	INodeType,
	INodeTypes,
	IVersionedNodeType,
	IWorkflowBase,
	IWorkflowExecuteAdditionalData,
	WorkflowExecuteMode,
} from 'n8n-workflow';

/** Decrypted credential data by credential type, or by credential id where a type has several. */
export type Credentials = Record<string, ICredentialDataDecryptedObject>;

class StandInCredentialsHelper extends ICredentialsHelper {
	constructor(private readonly credentials: Credentials) {
		super();
	}

	getParentTypes = () => [];

	isCredentialUsableByNode = () => true;

	getCredentialsProperties = () => [];

	async getDecrypted(
		_additionalData: IWorkflowExecuteAdditionalData,
		details: INodeCredentialsDetails,
		type: string,
	) {
		const data = this.credentials[details.id ?? ''] ?? this.credentials[type];
		if (data === undefined) throw new Error(`No credential of type "${type}" in the harness`);
		return structuredClone(data);
	}

	authenticate = refuse('authenticate');

	preAuthentication = refuse('preAuthentication');

	runPreAuthentication = refuse('runPreAuthentication');

	getCredentials = refuse('getCredentials');

	updateCredentials = refuse('updateCredentials');

	updateCredentialsOauthTokenData = refuse('updateCredentialsOauthTokenData');
}

function refuse(what: string) {
	return async (): Promise<never> => {
		throw new Error(`The harness does not offer ${what}`);
	};
}

/**
 * What becomes of the handlers that nodes register by `onExecutionFinish`: they run as in n8n; the
 * method is `missing` as in n8n before 2.33; or they are `lost`, as when the process dies first.
 */
export type FinishHandlers = 'run' | 'missing' | 'lost';

type Handlers = ExecutionLifecycleHooks['handlers'];

/** n8n's hooks of one execution; keeps what was answered and when the finish handlers are done. */
export class RunHooks extends ExecutionLifecycleHooks {
	readonly responses: IExecuteResponsePromiseData[] = [];

	private readonly finishing: Array<Promise<void>> = [];

	constructor(
		mode: WorkflowExecuteMode,
		executionId: string,
		workflowData: IWorkflowBase,
		private readonly finishHandlers: FinishHandlers,
		retryOf?: string,
	) {
		super(mode, executionId, workflowData, retryOf);
		this.addHandler('sendResponse', (response) => {
			this.responses.push(response);
		});
	}

	override addHandler<Hook extends keyof Handlers>(
		name: Hook,
		...handlers: Array<Handlers[Hook][number]>
	) {
		if (name === 'workflowExecuteAfter' && this.finishHandlers === 'lost') return;
		super.addHandler(name, ...handlers);
	}

	override async runHook<
		Hook extends keyof Handlers,
		Params extends unknown[] = Parameters<Handlers[Hook][number]>,
	>(name: Hook, parameters: Params) {
		const done = super.runHook(name, parameters);
		if (name === 'workflowExecuteAfter') this.finishing.push(done);
		await done;
	}

	/** Resolves when all finish handlers have returned; n8n itself does not await them on cancel. */
	async finished(): Promise<number> {
		await Promise.all(this.finishing);
		return this.finishing.length;
	}
}

/** Node types by full name, as n8n's own registry gives them out. */
export class NodeTypes implements INodeTypes {
	constructor(private readonly nodes: Record<string, INodeType | IVersionedNodeType>) {}

	getByName(type: string) {
		const found = this.nodes[type];
		if (found === undefined) throw new Error(`No node type "${type}" in the harness`);
		return found;
	}

	getByNameAndVersion(type: string, version?: number) {
		return NodeHelpers.getVersionedNodeType(this.getByName(type), version);
	}

	getKnownTypes() {
		return {};
	}
}

/** What a run needs from the server around the engine. */
export interface RunSurroundings {
	/** None before there is an execution. */
	executionId?: string;
	workflowId: string | undefined;
	credentials: Credentials;
	hooks?: RunHooks;
	/** Epoch milliseconds. */
	runSubWorkflow: (
		info: IExecuteWorkflowInfo,
		items: INodeExecutionData[] | undefined,
	) => Promise<ExecuteWorkflowData>;
}

/** The server's side of a run. The engine parses the URLs, so they must be well-formed. */
export function additionalDataOf(run: RunSurroundings): IWorkflowExecuteAdditionalData {
	const base = 'http://localhost:5678';
	return {
		currentNodeExecutionIndex: 0,
		credentialsHelper: new StandInCredentialsHelper(run.credentials),
		executeWorkflow: async (info, _additionalData, options) =>
			await run.runSubWorkflow(info, options.inputData),
		getRunExecutionData: async () => undefined,
		getRuntimeCredential: async () => undefined,
		executionId: run.executionId,
		workflowId: run.workflowId,
		hooks: run.hooks,
		restApiUrl: `${base}/rest`,
		instanceBaseUrl: `${base}/`,
		formBaseUrl: `${base}/form`,
		formWaitingBaseUrl: `${base}/form-waiting`,
		formTestBaseUrl: `${base}/form-test`,
		webhookBaseUrl: `${base}/webhook`,
		webhookWaitingBaseUrl: `${base}/webhook-waiting`,
		webhookTestBaseUrl: `${base}/webhook-test`,
		mcpBaseUrl: `${base}/mcp`,
		mcpTestBaseUrl: `${base}/mcp-test`,
		externalSecretsProxy: new ExternalSecretsProxy(),
		variables: {},
		setExecutionStatus: () => {},
		logAiEvent: () => {},
		startRunnerTask: refuse('task runners'),
	};
}
