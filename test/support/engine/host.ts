import 'reflect-metadata';
import { userFolder } from './environment';
import { AsyncLocalStorage } from 'node:async_hooks';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ExecuteContext, InstanceSettings } from 'n8n-core';
import { LoggerProxy } from 'n8n-workflow';
import type { IExecuteFunctions, IWorkflowExecuteAdditionalData } from 'n8n-workflow';

// The copies that n8n-core itself loads: npm may place others of these at the top.
const requireAsCore = createRequire(require.resolve('n8n-core'));
const { Container } = requireAsCore('@n8n/di') as typeof import('@n8n/di');
const { Logger } = requireAsCore('@n8n/backend-common') as typeof import('@n8n/backend-common');

/** A line that n8n or a node logged during a run. */
export interface LogEntry {
	level: 'debug' | 'info' | 'warn' | 'error';
	message: string;
	metadata: unknown;
}

/** What differs between runs although n8n keeps it in process-wide singletons. */
export interface RunScope {
	instanceId: string;
	logs: LogEntry[];
}

/** The scope of the run that is under way; finish handlers and timers of its nodes inherit it. */
export const runScope = new AsyncLocalStorage<RunScope>();

const log = (level: LogEntry['level']) => (message: string, metadata?: unknown) => {
	runScope.getStore()?.logs.push({ level, message, metadata });
};

const logger = {
	debug: log('debug'),
	info: log('info'),
	warn: log('warn'),
	error: log('error'),
	scoped: () => logger,
};

Container.set(Logger, logger as unknown as InstanceType<typeof Logger>);
LoggerProxy.init(logger);

const settings = Container.get(InstanceSettings);
Object.defineProperty(settings, 'instanceId', {
	get: () => runScope.getStore()?.instanceId ?? settings.derivedInstanceId,
});

afterAll(() => rmSync(userFolder, { recursive: true, force: true }));

/** Runs whose nodes must not find `onExecutionFinish`, as on an n8n older than 2.33. */
export const runsWithoutFinishHook = new WeakSet<IWorkflowExecuteAdditionalData>();

interface ContextInternals {
	additionalData: IWorkflowExecuteAdditionalData;
}

const contextPrototype = Object.getPrototypeOf(ExecuteContext.prototype) as Required<
	Pick<IExecuteFunctions, 'onExecutionFinish'>
>;
const { onExecutionFinish } = contextPrototype;
Object.defineProperty(contextPrototype, 'onExecutionFinish', {
	get(this: ContextInternals) {
		return runsWithoutFinishHook.has(this.additionalData) ? undefined : onExecutionFinish;
	},
});
