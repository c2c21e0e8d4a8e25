import { getThenSet } from './get-then-set';
import { nodeIdempotency } from './node-idempotency';
import { OUR_NAME, ourPeer } from './ours';
import type { Peer } from './peer';
import { powertools, powertoolsValidating } from './powertools';
import { redlock } from './redlock';
import { setNx } from './set-nx';

/** Ours as it is by default, and as it is where a run that never finished may be run again. */
export const ours = ourPeer();
export const oursRunAgain = ourPeer('retry', `${OUR_NAME}, "Run Again"`);

export const PEERS: readonly Peer[] = [
	ours,
	oursRunAgain,
	powertools,
	powertoolsValidating,
	nodeIdempotency,
	redlock,
	setNx,
	getThenSet,
];
