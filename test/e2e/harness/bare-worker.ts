import { setTimeout as sleep } from 'node:timers/promises';
import { prepareExample, readExample } from '../../../scripts/lib/example';
import type { Downstream } from '../../support/downstream';
import type { Credential } from './api';
import { N8nHost } from './n8n-host';
import { WORKER_ARGS } from './queue-mode';

/** Requests that come to Idempotent Webhook while the only worker lacks this package: their runs can't begin. */
export class BareWorkerStorm {
	/** `<status> <body>` of each answer, or `cut`. */
	readonly answers: string[] = [];

	constructor(
		private readonly main: N8nHost,
		private readonly service: Downstream,
		private readonly keys: readonly string[],
	) {}

	async publish(credential: Credential): Promise<void> {
		const json = prepareExample(await readExample('webhook-at-the-door'), {
			id: 'forgotten',
			urls: { 'Charge Card': `${this.service.url}/forgotten` },
			credential,
		});
		for (const each of json.nodes.filter(({ type }) => type.endsWith('.idempotentWebhook'))) {
			each.webhookId = each.parameters.path = 'forgotten';
			each.parameters.options = { claimTimeoutMinutes: 0.3 };
		}
		await this.main.publish({ ...json, name: 'forgotten' });
	}

	actsOf(key: string): number {
		return this.service.requests.filter(({ path, body }) => {
			return path === '/forgotten' && (body as { orderId?: unknown }).orderId === key;
		}).length;
	}

	/** Sends each key once, to the worker that lacks the package, which is ended then. */
	async sendToBareWorker(env: Record<string, string>): Promise<string[]> {
		const options = { env, args: WORKER_ARGS, withoutPackage: true };
		const bare = await (await N8nHost.create(options)).start();
		const first = await Promise.all(this.keys.map(async (key) => await this.send(key)));
		await bare.stop();
		return first;
	}

	/** Sends each key until it is answered with what the service said, or 200 times. */
	async sendUntilAnswered(): Promise<string[]> {
		return await Promise.all(
			this.keys.map(async (key) => {
				let last = await this.send(key);
				for (let tries = 0; tries < 200 && !last.startsWith('20'); tries++) {
					await sleep(500);
					last = await this.send(key);
				}
				return last;
			}),
		);
	}

	private async send(key: string): Promise<string> {
		const response = await fetch(this.main.webhook('forgotten'), {
			method: 'POST',
			headers: { 'content-type': 'application/json', 'idempotency-key': key },
			body: JSON.stringify({ orderId: key, amount: 1 }),
		}).catch(() => null);
		const told = response === null ? 'cut' : `${response.status} ${await response.text()}`;
		this.answers.push(told);
		return told;
	}
}
