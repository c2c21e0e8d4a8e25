import { setTimeout as sleep } from 'node:timers/promises';

import { TcpProxy } from '../../test/support/tcp-proxy';
import type { Delivery, Handler, Peer, PeerOptions, Told } from '../peers/peer';
import { type Answer, Sender, inWords } from './sender';
import { WorkerProcess } from './worker-process';

/** What goes wrong between systems, each played for every peer with its own keys. The truth is how often `act` was called. */

export interface Scenario {
	readonly name: string;
	readonly about: string;
	readonly expected: number;
	run(peer: Peer, port: number): Promise<Outcome>;
}

export interface Outcome {
	readonly sideEffects: number;
	readonly told: string;
}

const LEASE_MS = 1_000;
const RETENTION_MS = 60_000;
/** Until a silent run's lease is over for certain. */
const AFTER_LEASE_MS = 1_600;

const order = (number: number) => ({ orderId: `order-${number}`, amount: 1_000, currency: 'EUR' });

let deliveries = 0;
const freshDelivery = (): Delivery => {
	const number = deliveries++;
	return { key: `key-${number}`, payload: order(number) };
};

const options = (port: number, leaseMs = LEASE_MS): PeerOptions => ({
	port,
	leaseMs,
	retentionMs: RETENTION_MS,
});

/** Opens handlers, one for each process that there would be, and closes them afterwards. */
async function withHandlers(
	peer: Peer,
	all: readonly PeerOptions[],
	play: (...handlers: Handler[]) => Promise<Outcome>,
): Promise<Outcome> {
	const handlers = await Promise.all(all.map(async (each) => await peer.open(each)));
	try {
		return await play(...handlers);
	} finally {
		await Promise.all(handlers.map(async (handler) => await handler.close()));
	}
}

const KEYS = 50;
const TIMES = 4;

const concurrent: Scenario = {
	name: 'concurrent claims',
	about: `${KEYS} requests, each delivered ${TIMES} times at once to four processes; a refused sender tries again`,
	expected: KEYS,
	run: async (peer, port) =>
		await withHandlers(
			peer,
			Array.from({ length: TIMES }, () => options(port, 30_000)),
			async (...handlers) => {
				const sender = new Sender();
				const keys = Array.from({ length: KEYS }, freshDelivery);
				const told = await Promise.all(
					keys.flatMap((delivery) =>
						handlers.map(async (handler) => await sender.deliver(handler, delivery, 15)),
					),
				);
				return { sideEffects: sender.acts, told: countsOf(told) };
			},
		),
};

function countsOf(told: readonly Told[]): string {
	const counts = new Map<string, number>();
	for (const each of told) {
		const words = each.outcome === 'result' ? 'given a result' : inWords(each);
		counts.set(words, (counts.get(words) ?? 0) + 1);
	}
	return [...counts].map(([words, count]) => `${count} ${words}`).join(', ');
}

/** The first run acts in a process of its own, which `then` stops or kills after the side effect. */
async function firstRunElsewhere(
	peer: Peer,
	port: number,
	then: (worker: WorkerProcess, handler: Handler, delivery: Delivery) => Promise<Outcome>,
): Promise<Outcome> {
	const delivery = freshDelivery();
	const task = { peer: peer.name, options: options(port), delivery, actMs: 300 };
	const worker = new WorkerProcess(task);
	try {
		const begun = await worker.next();
		if (begun?.event !== 'acted') throw new Error(`${peer.name}: the first run did not act`);
		return await withHandlers(peer, [options(port)], async (handler) => {
			return await then(worker, handler as Handler, delivery);
		});
	} finally {
		await worker.kill();
	}
}

const crash: Scenario = {
	name: 'crash in the middle',
	about:
		'the process is killed after it acted and before it commits; the sender delivers again after the lease',
	expected: 1,
	run: async (peer, port) =>
		await firstRunElsewhere(peer, port, async (worker, handler, delivery) => {
			await worker.kill();
			await sleep(AFTER_LEASE_MS);
			const sender = new Sender();
			const told = await sender.deliver(handler, delivery, 1);
			return {
				sideEffects: worker.acted + sender.acts,
				told: `the next delivery ${inWords(told)}`,
			};
		}),
};

const lateCommit: Scenario = {
	name: 'late commit after takeover',
	about:
		'the process stands still after it acted until its lease is over; the request is delivered again; then the first run commits',
	expected: 1,
	run: async (peer, port) =>
		await firstRunElsewhere(peer, port, async (worker, handler, delivery) => {
			worker.signal('SIGSTOP');
			await sleep(AFTER_LEASE_MS);
			const sender = new Sender();
			const second = await sender.deliver(handler, delivery, 1);
			worker.signal('SIGCONT');
			const late = await worker.next();
			const third = await sender.deliver(handler, delivery, 1);
			const lateTold = late?.event === 'told' ? commitInWords(late.told) : 'ended';
			return {
				sideEffects: worker.acted + sender.acts,
				told: `second delivery ${inWords(second)}; late commit ${lateTold}; third delivery ${inWords(third)}`,
			};
		}),
};

const commitInWords = (told: Answer): string =>
	told.outcome === 'result' ? 'accepted' : inWords(told);

const changedPayload: Scenario = {
	name: 'changed payload',
	about:
		'the same key with another amount, after the first was handled: to be refused, not answered or dropped',
	expected: 1,
	run: async (peer, port) =>
		await withHandlers(peer, [options(port)], async (handler) => {
			const sender = new Sender();
			const { key, payload } = freshDelivery();
			await sender.deliver(handler as Handler, { key, payload }, 1);
			const changed = { key, payload: { ...payload, amount: 2_000 } };
			const told = await sender.deliver(handler as Handler, changed, 1);
			return { sideEffects: sender.acts, told: `the changed one ${inWords(told)}` };
		}),
};

const keyOrder: Scenario = {
	name: 'same payload, other key order',
	about: 'no key but the payload, whose sender writes its fields in another order the second time',
	expected: 1,
	run: async (peer, port) =>
		await withHandlers(peer, [options(port)], async (handler) => {
			const sender = new Sender();
			const { payload } = freshDelivery();
			const reversed = Object.fromEntries(Object.entries(payload).reverse());
			await sender.deliver(handler as Handler, { key: null, payload }, 1);
			const told = await sender.deliver(handler as Handler, { key: null, payload: reversed }, 1);
			return { sideEffects: sender.acts, told: `the second ${inWords(told)}` };
		}),
};

/** The connection breaks when Redis has done what it was asked and before it can say so. */
function lostReply(of: 'claim' | 'commit'): Scenario {
	return {
		name: `lost reply to the ${of}`,
		about: `the connection breaks after Redis carried out the ${of} and before its answer arrives; a sender who is refused, or told of an error, tries again`,
		expected: 1,
		run: async (peer, port) => {
			const proxy = await TcpProxy.start(port);
			const cutNext = () => {
				proxy.fateOfReply = () => {
					proxy.heal();
					return 'drop';
				};
			};
			try {
				return await withHandlers(peer, [options(proxy.port)], async (handler) => {
					const sender = new Sender();
					await sender.deliver(handler as Handler, freshDelivery(), 1);
					const before = sender.acts;
					if (of === 'claim') cutNext();
					else sender.onAct = cutNext;
					const told = await sender.deliver(handler as Handler, freshDelivery(), 12);
					return {
						sideEffects: sender.acts - before,
						told: `${inWords(told)} at try ${sender.lastTries}`,
					};
				});
			} finally {
				await proxy.stop();
			}
		},
	};
}

export const SCENARIOS: readonly Scenario[] = [
	concurrent,
	lateCommit,
	crash,
	changedPayload,
	lostReply('claim'),
	lostReply('commit'),
	keyOrder,
];
