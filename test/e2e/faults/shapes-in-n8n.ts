import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { redisCredential } from '../../../scripts/lib/example';
import { startRedis } from '../../../scripts/lib/redis';
import { allRecords } from '../../../lib/core/all-records';
import { openEmbeddedStore } from '../../../lib/stores/embedded';
import { openRedisStore } from '../../../lib/stores/redis';
import type { Downstream } from '../../support/downstream';
import { N8nHost } from '../harness/n8n-host';
import type { StoreChoice } from '../workflows/act';
import type { Shape } from './shapes';
import { calledWorkflow, shapesOf } from './shapes';

/** A shape whose claims are kept in one of the stores. */
export interface PlacedShape extends Shape {
	readonly store: StoreChoice['store'];
}

/** A real n8n that has every shape, on the embedded store and on Redis. */
export class ShapesInN8n {
	private constructor(
		readonly n8n: N8nHost,
		private readonly redisPort: number,
		readonly shapes: readonly PlacedShape[],
	) {}

	/** @param timeout of the calls, in milliseconds */
	static async start(service: Downstream, timeout?: number): Promise<ShapesInN8n> {
		const { port } = await startRedis({ config: ['appendonly yes'] });
		const n8n = await (await (await N8nHost.create()).start()).signIn();
		const { name, type, data } = redisCredential(port);
		const credential = await n8n.api.saveCredential(name, type, data);
		const called = await n8n.publish(calledWorkflow(service.url, timeout));
		const shapes: PlacedShape[] = [];
		for (const choice of [{ store: 'embedded' }, { store: 'redis', credential }] as const) {
			for (const shape of shapesOf(service.url, choice, called, timeout)) {
				await n8n.publish(shape.json);
				shapes.push({ ...shape, store: choice.store });
			}
		}
		return new ShapesInN8n(n8n, port, shapes);
	}

	/** What became of each key: its state, in both stores. */
	async states(): Promise<Map<string, string>> {
		const stores = [
			await openEmbeddedStore({ file: join(this.n8n.userFolder, '.n8n', 'idempotency.sqlite') }),
			openRedisStore({ deployment: 'standalone', host: '127.0.0.1', port: this.redisPort }),
		];
		const states = new Map<string, string>();
		for (const store of stores) {
			for await (const page of allRecords(store)) {
				if (!page.ok) throw page.error;
				for (const { record } of page.answer.records) states.set(record.key, record.state);
			}
			await store.close();
		}
		return states;
	}

	async stop(): Promise<void> {
		await this.n8n.stop();
	}
}

/** Until the service has been asked nothing for a while. */
export async function idle(service: Downstream): Promise<void> {
	for (let before = -1; before !== service.requests.length; ) {
		before = service.requests.length;
		await sleep(3_000);
	}
}

/** What is wrong with a state, by what the service did for the key and its parts. */
export function problemsOf(
	service: Downstream,
	key: string,
	parts: readonly string[],
	state: string | undefined,
): string[] {
	// A refusal that is final and the alert about it are all that is left to do for a request.
	const acts = [...parts, `${key}/notice`, `${key}/alert`];
	const effects = acts.map((part) => service.effects(part));
	const charged = effects.some((count) => count > 0);
	const problems = acts.flatMap((part, i) =>
		(effects[i] ?? 0) > 1 ? [`${part} was done ${effects[i]} times`] : [],
	);
	if (state === 'released' && charged) problems.push(`${key} was given back although it had acted`);
	if (state === 'completed' && !charged)
		problems.push(`${key} counts as handled, and nothing was done`);
	return problems;
}
