// By its file: its types are not to be found by this `moduleResolution`.
import type * as VegaLite from '../node_modules/vega-lite/build/index';

/** What scripts/lib lends: plain JavaScript that runs before anything is installed, so its types are said here. */
export interface Host {
	/** The root folder. */
	readonly checkout: string;

	/** Runs `task` when the script ends, or now by the function that is returned. */
	onCleanup(task: () => unknown): () => Promise<void>;

	/** An error whose message says all; printed without a stack. */
	plainError(message: string): Error;

	/** A new folder that is removed at the end. */
	temporaryFolder(name: string): Promise<string>;

	say(text: string): void;

	during<T>(what: string, work: () => Promise<T>, detail?: () => string): Promise<T>;

	startRedis(options?: { args?: readonly string[] }): Promise<Server & { readonly port: number }>;

	startDownstream(options?: { delayMs?: number }): Promise<Downstream>;

	fireStorm(
		url: string,
		deliveries: readonly StormDelivery[],
		options?: { sockets?: number; timeoutMs?: number },
	): Promise<StormAnswer[]>;

	ensureN8n(): Promise<N8nInstall>;

	runN8n(
		install: N8nInstall,
		options: { userFolder: string; args: readonly string[]; expect?: string },
	): Promise<string>;

	startN8n(
		install: N8nInstall,
		options: { userFolder: string; env?: Readonly<Record<string, string>> },
	): Promise<N8n>;

	waitForWebhook(n8n: N8n, path: string, method: string): Promise<void>;

	redisCredential(port: number): { readonly id: string; readonly name: string };

	buildAndPack(destination: string): Promise<string>;

	installTarball(tarball: string, userFolder: string): Promise<void>;

	/** ES modules that can't be required. */
	loadVega(): Promise<Vega>;
}

export interface Vega {
	readonly vega: typeof import('vega');
	readonly vegaLite: typeof VegaLite;
}

export interface Server {
	readonly pid: number;
	/** Rejects when the server ends without having been asked to. */
	readonly ended: Promise<never>;
	tail(lines: number): string;
	stop(): Promise<void>;
}

export interface N8nInstall {
	readonly version: string;
}

export interface N8n extends Server {
	readonly url: string;
}

/** Counts what was charged. */
export interface Downstream {
	readonly url: string;
	chargesOf(orderId: string): readonly string[];
	total(): number;
	stop(): Promise<void>;
}

export interface StormDelivery {
	/** Goes into the header Idempotency-Key. */
	readonly key: string;
	readonly body: Readonly<Record<string, unknown>>;
}

export interface StormAnswer {
	readonly status?: number;
	readonly body?: string;
	readonly error?: string;
}
