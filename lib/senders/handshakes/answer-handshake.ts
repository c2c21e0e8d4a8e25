import type { SenderValue } from '../sender';
import type { HandshakeRequest, HandshakeResult, HandshakeTerms } from './handshake';
import { HANDSHAKES } from './handshakes';

/** Before the signature is checked, or after: each handshake belongs to one of the two. */
export type HandshakePhase = 'unsigned' | 'signed';

/**
 * The answer to a sender's handshake; null where the request is none. Only the handshakes of the given sender are looked for: what
 * one sender means by a body is another's event.
 */
export function answerHandshake(
	sender: SenderValue,
	phase: HandshakePhase,
	request: HandshakeRequest,
	terms: HandshakeTerms,
): HandshakeResult | null {
	for (const handshake of HANDSHAKES) {
		if (handshake.sender !== sender || handshake.signed !== (phase === 'signed')) continue;
		if (request.method !== (handshake.method ?? 'POST')) continue;
		const answer = handshake.answer(request, terms);
		if (answer !== null) return answer;
	}
	return null;
}
