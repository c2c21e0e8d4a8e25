import { OUR_NAME } from '../peers/ours';
import type { Verdict } from '../report';

/** Ours as it is by default: "Run Again" acts twice on purpose. */
const isOurs = ({ peer }: Verdict) => peer === OUR_NAME || peer.startsWith('Idempotency Guard');

/** Each scenario in which ours acted more or less often than it should, in words. */
export function brokenPromises(verdicts: readonly Verdict[]): string[] {
	return verdicts
		.filter((verdict) => isOurs(verdict) && verdict.sideEffects !== verdict.expected)
		.map(
			({ scenario, peer, sideEffects, expected, told }) =>
				`${peer}, ${scenario}: acted ${sideEffects} times where it should ${expected} (${told})`,
		);
}
