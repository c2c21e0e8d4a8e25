import { setTimeout as sleep } from 'node:timers/promises';

import { attemptAsync } from '../../lib/core/attempt';
import { PEERS } from '../peers';
import type { Delivery, PeerOptions, Told } from '../peers/peer';

/** What a worker process is given: one delivery, to be handled by the peer of that name. */
export interface WorkerTask {
	readonly peer: string;
	readonly options: PeerOptions;
	readonly delivery: Delivery;
	/** How long acting takes after the side effect. */
	readonly actMs: number;
}

export type WorkerEvent =
	| { readonly event: 'acted' }
	| { readonly event: 'told'; readonly told: Told | { readonly outcome: 'failed'; why: string } };

const say = (event: WorkerEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

async function work({ peer: name, options, delivery, actMs }: WorkerTask): Promise<void> {
	const peer = PEERS.find((each) => each.name === name);
	if (peer === undefined) throw new Error(`no peer ${name}`);
	const handler = await peer.open(options);
	const handled = await attemptAsync(
		async () =>
			await handler.handle(delivery, async () => {
				say({ event: 'acted' });
				await sleep(actMs);
				return 'the first run';
			}),
	);
	const failed = (why: unknown) => ({ outcome: 'failed' as const, why: String(why) });
	say({ event: 'told', told: handled.ok ? handled.value : failed(handled.error) });
	await handler.close();
}

process.removeAllListeners('warning');
// What a peer logs must not get among the results.
console.log = console.error;
void work(JSON.parse(process.argv[2] ?? '{}') as WorkerTask).then(() => process.exit(0));
