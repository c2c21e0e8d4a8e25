import { contentGivenBack, contentHeldIn, contentRequest } from '../core/content-request';
import { isGrant } from '../core/grant';
import type { ClaimAnswer, ClaimRequest, OwnerCommand } from '../core/record';
import type { Reply } from '../core/reply';
import { mayBeDone, replyAt } from '../core/reply';
import type { Store } from '../core/store';

/**
 * Claims requests, and their contents beside them in the same batch. What comes with a request that was not granted is given back at once;
 * until then others find it, and look at that request themselves.
 */
export async function claimWithContents(
	requests: readonly ClaimRequest[],
	claim: (bare: readonly ClaimRequest[]) => Promise<Array<Reply<ClaimAnswer>>>,
	store: Pick<Store, 'command'>,
): Promise<Array<Reply<ClaimAnswer>>> {
	const contents = requests.flatMap((request) =>
		request.content === undefined ? [] : [contentRequest(request.content, request)],
	);
	if (contents.length === 0) return await claim(requests);
	const replies = await claim([...requests.map(withoutContent), ...contents]);
	const besides = replies.splice(requests.length);
	const unused: OwnerCommand[] = [];
	let at = 0;
	for (const [place, { identity, content }] of requests.entries()) {
		if (content === undefined) continue;
		const asked = contents[at];
		const beside = replyAt(besides, at++);
		const reply = replyAt(replies, place);
		if (isGrant(reply)) {
			const contentHeld = contentHeldIn(beside, identity);
			replies[place] = { ...reply, answer: { ...reply.answer, contentHeld } };
			continue;
		}
		if (!reply.ok && mayBeDone(reply.error.problem)) continue;
		if (asked === undefined || !isGrant(beside)) continue;
		unused.push(contentGivenBack({ ...asked, fence: beside.answer.fence }));
	}
	if (unused.length > 0) await store.command(unused);
	return replies;
}

function withoutContent(request: ClaimRequest): ClaimRequest {
	const { content, ...bare } = request;
	return content === undefined ? request : bare;
}
