import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../../scripts/lib/cleanup.mjs';
import {
	communityNodesFolder,
	createOwner,
	startN8n,
	waitForWebhook,
} from '../../../scripts/lib/n8n';
import { freePort } from '../../support/ports';
import { installTarball } from '../../../scripts/lib/tarball';
import type { WorkflowJson } from '../../support/engine/workflow';
import { Api } from './api';
import { SET_UP } from './set-up';

export interface HostOptions {
	readonly env?: Record<string, string>;
	readonly args?: string[];
	/** It lacks this package, as a worker that was forgotten. */
	readonly withoutPackage?: boolean;
}

/** n8n spends less on an execution that evaluates no expression; README, "Install". */
const QUICK = { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' };

/** Whether a node of this type answers at an address of its own. */
export const isWebhook = (type: string): boolean =>
	type === 'n8n-nodes-base.webhook' || type.endsWith('.idempotentWebhook');

/** One n8n process: a folder of its own with this package in it, and an address that stays over restarts. */
export class N8nHost {
	private server: Awaited<ReturnType<typeof startN8n>> | undefined;

	private readonly webhooks: string[] = [];

	private signedIn: Api | undefined;

	private constructor(
		readonly userFolder: string,
		readonly port: number,
		private readonly options: HostOptions,
	) {}

	static async create(options: HostOptions = {}): Promise<N8nHost> {
		const userFolder = join(await temporaryFolder('idempotency-n8n'), 'user');
		await mkdir(userFolder);
		if (options.withoutPackage !== true) await installTarball(SET_UP.tarball, userFolder);
		return new N8nHost(userFolder, await freePort(), options);
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	get api(): Api {
		if (this.signedIn === undefined) throw new Error('There is no account yet: call signIn');
		return this.signedIn;
	}

	/** Starts it, and waits until what was published answers. */
	async start(): Promise<this> {
		const { userFolder, port } = this;
		const { env = {}, args } = this.options;
		this.server = await startN8n(SET_UP.install, {
			userFolder,
			port,
			env: { ...QUICK, ...env },
			graceMs: 45_000,
			...(args === undefined ? {} : { args }),
		});
		await Promise.all(this.webhooks.map((path) => this.registered(path)));
		return this;
	}

	/** From here on there is an API. @param account the owner's; made where it is not there yet */
	async signIn(account?: { email: string; password: string }): Promise<this> {
		this.signedIn = await Api.signIn(this.url, account ?? (await createOwner(this)));
		return this;
	}

	/** Asks it to end, and waits. */
	async stop(): Promise<void> {
		await this.running.stop();
	}

	/** SIGKILL to all its processes. */
	async kill(): Promise<void> {
		await this.running.kill();
	}

	/** The last lines of its log. */
	log(lines = 60): string {
		return this.running.tail(lines);
	}

	/** Publishes a workflow and waits until its webhooks answer. @returns its id */
	async publish(workflow: WorkflowJson): Promise<string> {
		const id = await this.api.publish(workflow);
		for (const { type, parameters } of workflow.nodes) {
			if (!isWebhook(type)) continue;
			const path = String(parameters.path);
			this.webhooks.push(path);
			await this.registered(path);
		}
		return id;
	}

	/** Of its first process, which leads the group of all. */
	get pid(): number {
		return this.running.pid;
	}

	webhook(path: string): string {
		return `${this.url}/webhook/${path}`;
	}

	/** Installs another version of this package over the one that is there. n8n must be stopped. */
	async update(tarball: string): Promise<void> {
		await installTarball(tarball, this.userFolder);
	}

	/** The version of this package that n8n loads. */
	async installedVersion(): Promise<string> {
		const folder = join(communityNodesFolder(this.userFolder), 'node_modules');
		const manifest = join(folder, 'n8n-nodes-idempotency', 'package.json');
		return (JSON.parse(await readFile(manifest, 'utf8')) as { version: string }).version;
	}

	private get running() {
		if (this.server === undefined) throw new Error('This n8n was not started');
		return this.server;
	}

	/** Waits until a webhook that was published, here or in the editor, answers. */
	async registered(path: string): Promise<void> {
		await waitForWebhook({ url: this.url, ended: this.running.ended }, path, 'POST');
	}
}
