import { createHmac } from 'node:crypto';

import type { Workflow } from './workflows';

/** Doors that let in only what is signed, as GitHub signs: the bytes of the body. */

const SECRET = 'a secret of this bench';
const TYPE = 'idempotentWebhookSignatureApi';
const NAMED = { id: 'benchSignature1', name: 'Signature' };

/** As `n8n import:credentials` takes it. */
export const SIGNATURE_CREDENTIAL = { ...NAMED, type: TYPE, data: { secret: SECRET } };

/** The same workflow, whose Idempotent Webhook comes first and checks the signature. */
export function signed(workflow: Workflow): Workflow {
	const [door, ...nodes] = workflow.nodes;
	if (door === undefined) throw new RangeError('The workflow has no nodes');
	const parameters = { ...door.parameters, verifySignature: 'sender', signatureSender: 'github' };
	const credentials = { ...door.credentials, [TYPE]: NAMED };
	return { ...workflow, nodes: [{ ...door, parameters, credentials }, ...nodes] };
}

/** The header that a signed request has. */
export function signatureOf(body: string | Uint8Array): Record<string, string> {
	const signature = createHmac('sha256', SECRET).update(body).digest('hex');
	return { 'x-hub-signature-256': `sha256=${signature}` };
}
