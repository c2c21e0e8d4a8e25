import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { endChild } from './end-child';
import { freePort } from './ports';

/** A time series as of now. */
export interface Sample {
	readonly metric: Readonly<Record<string, string>>;
	/** Seconds, and the value as text. */
	readonly value: readonly [number, string];
}

/** A real Prometheus that scrapes one address each second. */
export class Prometheus {
	private constructor(
		private readonly port: number,
		private readonly folder: string,
		private readonly child: ChildProcess,
	) {}

	static async start(url: string): Promise<Prometheus> {
		const { host, pathname } = new URL(url);
		const folder = mkdtempSync(join(tmpdir(), 'idempotency-prometheus-'));
		const config = join(folder, 'prometheus.yml');
		const job = { job_name: 'n8n', metrics_path: pathname, static_configs: [{ targets: [host] }] };
		writeFileSync(
			config,
			JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [job] }),
		);
		const port = await freePort();
		const args = [
			`--config.file=${config}`,
			`--storage.tsdb.path=${join(folder, 'data')}`,
			`--web.listen-address=127.0.0.1:${port}`,
		];
		return new Prometheus(port, folder, spawn('prometheus', args, { stdio: 'ignore' }));
	}

	/** @returns nothing as long as it does not answer */
	async query(expression: string): Promise<readonly Sample[]> {
		return await this.ask<{ result: Sample[] }>(
			`query?${new URLSearchParams({ query: expression }).toString()}`,
		).then(
			({ result }) => result,
			() => [],
		);
	}

	/** What went wrong when it scraped last; empty where nothing did. */
	async lastErrors(): Promise<string[]> {
		const { activeTargets } = await this.ask<{ activeTargets: Array<{ lastError: string }> }>(
			'targets',
		);
		return activeTargets.map(({ lastError }) => lastError);
	}

	async stop(): Promise<void> {
		await endChild(this.child, 'SIGKILL');
		rmSync(this.folder, { recursive: true, force: true });
	}

	private async ask<T>(path: string): Promise<T> {
		const response = await fetch(`http://127.0.0.1:${this.port}/api/v1/${path}`);
		return ((await response.json()) as { data: T }).data;
	}
}
