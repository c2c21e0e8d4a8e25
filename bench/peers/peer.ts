/** One way to have a delivery act once. */
export interface Peer {
	readonly name: string;

	/** Opens it as one process would, with connections of its own. */
	open(options: PeerOptions): Promise<Handler>;
}

export interface PeerOptions {
	/** Of Redis, or of a proxy before it. */
	readonly port: number;
	/** How long a silent run holds a key, where that can be said. */
	readonly leaseMs: number;
	/** How long what was handled is remembered. */
	readonly retentionMs: number;
}

export interface Delivery {
	/** What the sender calls the same request; null where the payload is all there is. */
	readonly key: string | null;
	readonly payload: Readonly<Record<string, unknown>>;
}

export interface Handler {
	/** Acts, or does not, and tells the sender. Rejects where a sender would get a 500. */
	handle(delivery: Delivery, act: () => Promise<unknown>): Promise<Told>;

	close(): Promise<void>;
}

export type Told =
	/** It acted, or was given what the first run got. */
	| { readonly outcome: 'result'; readonly acted: boolean; readonly result: unknown }
	/** Taken for a duplicate, with nothing to answer. */
	| { readonly outcome: 'dropped' }
	| { readonly outcome: 'refused'; readonly reason: string };
