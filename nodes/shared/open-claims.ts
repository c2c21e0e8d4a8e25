import type { IContextObject, IExecuteFunctions } from 'n8n-workflow';

/** The claims that this execution has not finished yet, by Guard. Commit looks here, in n8n's flow context, when items lost their links. */
interface OpenClaims {
	/** identity → token; null once a Guard granted more than is worth keeping. */
	[guard: string]: Record<string, string> | null;
}

const FIELD = 'idempotencyClaims';
const MOST_KEPT = 20;

export function rememberOpenClaims(
	context: IExecuteFunctions,
	claims: ReadonlyArray<{ identity: string; token: string }>,
): void {
	if (claims.length === 0) return;
	const flow: IContextObject = context.getContext('flow');
	const all: OpenClaims = (flow[FIELD] ??= {});
	const guard = context.getNode().name;
	const known = all[guard];
	if (known === null) return;
	const open = { ...known };
	for (const { identity, token } of claims) open[identity] = token;
	all[guard] = Object.keys(open).length > MOST_KEPT ? null : open;
}

/** Whether a Guard granted anything in this execution. */
export function hasGranted(context: IExecuteFunctions): boolean {
	return context.getContext('flow')[FIELD] !== undefined;
}

export function forgetOpenClaim(context: IExecuteFunctions, identity: string): void {
	const all = context.getContext('flow')[FIELD] as OpenClaims | undefined;
	for (const open of Object.values(all ?? {})) {
		if (open !== null) delete open[identity];
	}
}

/** The tokens of a Guard's open claims; null where there were too many to keep. */
export function openClaimsOf(context: IExecuteFunctions, guard: string): string[] | null {
	const all = context.getContext('flow')[FIELD] as OpenClaims | undefined;
	const open = all?.[guard];
	return open === null ? null : Object.values(open ?? {});
}
