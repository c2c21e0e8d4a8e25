import type {
	ClaimRecord,
	ClaimRemains,
	ObservedState,
	RecordState,
	Stored,
} from '../../core/record';

/** Records between the hash that fields.lua describes and the types of record.ts. */

const STATES: Readonly<Record<string, ObservedState>> = {
	P: 'pending',
	R: 'processing',
	C: 'completed',
	F: 'failed',
	L: 'released',
	U: 'unknown',
	X: 'lapsed',
	A: 'absent',
};

const LETTERS = new Map(Object.entries(STATES).map(([letter, state]) => [state, letter]));

export function stateOf(letter: string): ObservedState {
	const state = STATES[letter];
	if (state === undefined) throw new Error(`no state ${letter}`);
	return state;
}

export function letterOf(state: ObservedState): string {
	return LETTERS.get(state) ?? '';
}

/** Field `k`: where the key belongs, and the key. */
export function encodeKey({ namespace, key }: Pick<ClaimRecord, 'namespace' | 'key'>): string {
	return lines(namespace, key);
}

/** Who claimed it. */
export function encodeRun(run: Pick<ClaimRecord, 'workflowId' | 'executionId'>): string {
	return lines(run.workflowId, run.executionId);
}

export function decodeRun(text: string): Pick<ClaimRecord, 'workflowId' | 'executionId'> {
	const [workflowId, executionId] = splitLines(text);
	return { workflowId, executionId };
}

/** Field `r`: the terms of a claim, and who claimed it. */
export function encodeTerms(
	terms: Pick<
		ClaimRecord,
		'retentionMs' | 'claimTimeoutMs' | 'onUnknownOutcome' | 'workflowId' | 'executionId'
	>,
): string {
	const { retentionMs, claimTimeoutMs, onUnknownOutcome } = terms;
	const policy = policyLetter(onUnknownOutcome);
	return `${retentionMs} ${claimTimeoutMs} ${policy} ${encodeRun(terms)}`;
}

export function policyLetter(policy: ClaimRemains['onUnknownOutcome']): string {
	return policy === 'retry' ? 'r' : 'h';
}

/** Field `g`: text, since one argument of bytes slows a whole batch. */
export function encodeDigests(digests: Uint8Array): string {
	if (digests.length === 0) return '';
	return Buffer.from(digests.buffer, digests.byteOffset, digests.length).toString('base64url');
}

const TERMS = /^(\d+) (\d+) ([rh]) (.*)$/s;

/** Stands for a result that did not fit into an answer. */
export const LEFT_OUT = Buffer.alloc(0);

/** Reads the hash as a script replies it: field, value, ... */
export function decodeStored(flat: ReadonlyArray<unknown>): Stored {
	const fields = new Fields(flat);
	const [letter = '', ...numbers] = fields.text('s').split(' ');
	const [fence = 0, second = 0, leaseUntil = 0] = numbers.map(Number);
	if (letter === 'T') return { state: 'tombstone', fence, expiresAt: second };

	const state = stateOf(letter) as RecordState;
	const terms = TERMS.exec(fields.text('r'));
	const [, retention, claimTimeout, policy, run = ''] = terms ?? [];
	const retentionMs = Number(retention);
	const [namespace, key] = splitLines(fields.text('k'));
	const claimedAt = fields.number('c', second);
	return {
		state,
		owner: fields.text('o'),
		fence,
		fingerprint: fields.text('h'),
		comparison: fields.text('w'),
		fieldDigests: Buffer.from(fields.text('g'), 'base64url'),
		tenant: fields.text('d'),
		namespace,
		key,
		eventAt: fields.number('e', second),
		firstSeenAt: second,
		claimedAt,
		leaseUntil,
		claimTimeoutMs: Number(claimTimeout),
		attempts: fields.number('t', 1),
		takeover: fields.text('a') === '1',
		notBefore: fields.number('b', 0),
		finishedAt: state === 'completed' || state === 'failed' ? leaseUntil : 0,
		retentionMs,
		expiresAt: fields.number('x', leaseUntil + retentionMs),
		believedUntil: fields.number('l', claimedAt + retentionMs),
		result: fields.has('+') ? LEFT_OUT : fields.bytes('v'),
		statusCode: fields.number('z', 0),
		duplicates: fields.number('u', 0),
		onUnknownOutcome: policy === 'r' ? 'retry' : 'hold',
		reason: fields.text('y'),
		...decodeRun(run),
	};
}

/** The fields of a hash, of which long ones come in parts: `k`, `k1`, `k2`, ... */
class Fields {
	private readonly values = new Map<string, Buffer>();

	constructor(flat: ReadonlyArray<unknown>) {
		for (let at = 0; at + 1 < flat.length; at += 2) {
			this.values.set(String(flat[at]), flat[at + 1] as Buffer);
		}
	}

	has(name: string): boolean {
		return this.values.has(name);
	}

	bytes(name: string): Buffer | null {
		const first = this.values.get(name);
		if (first === undefined) return null;
		const parts = [first];
		for (let part = 1; ; part++) {
			const next = this.values.get(name + part);
			if (next === undefined) break;
			parts.push(next);
		}
		return parts.length === 1 ? first : Buffer.concat(parts);
	}

	text(name: string): string {
		return this.bytes(name)?.toString() ?? '';
	}

	number(name: string, otherwise: number): number {
		const value = this.values.get(name);
		return value === undefined ? otherwise : Number(value.toString());
	}
}

/** Two texts in one field; the first has no line breaks. */
function lines(first: string, second: string): string {
	return `${first}\n${second}`;
}

function splitLines(text: string): [string, string] {
	const at = text.indexOf('\n');
	return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
