import { during } from '../../scripts/lib/log.mjs';
import { inTurns, rateOf } from '../measure';
import { runN8nWith } from '../n8n/run-n8n';
import { SIGNATURE_CREDENTIAL, signatureOf, signed } from '../n8n/signed';
import type { Workflow } from '../n8n/workflows';
import { commit, doorWorkflow, noOp, webhookWorkflow } from '../n8n/workflows';
import type { Report } from '../report';
import type { Scale } from '../scale';

/** Keys of one object, in the order of no alphabet: 13 MB. */
const KEYS = 900_000;

const bodyOf = (): Buffer => {
	const members = Array.from({ length: KEYS }, (_, i) => [`k${(i * 7919) % KEYS}`, i % 1000]);
	return Buffer.from(JSON.stringify(Object.fromEntries(members)));
};

/**
 * Duplicates of a huge body answered by Idempotent Webhook, which compares all of it, and checks its signature or not, against n8n's
 * Webhook that answers the same request. Each brings the same bytes, as a sender does that sends again; the first is not measured.
 */
export async function bigBody(report: Report, scale: Scale): Promise<void> {
	// Before n8n is up: a connection that idles meanwhile is closed.
	const body = bodyOf();
	const doorAt = (path: string) =>
		doorWorkflow(
			path,
			'embedded',
			[noOp('Act'), commit('embedded')],
			[
				['Webhook', 0, 'Act'],
				['Act', 0, 'Commit'],
			],
		);
	const door = doorAt('big-door');
	const signedDoor = signed(doorAt('big-signed'));
	const answer = {
		name: 'Answer',
		type: 'n8n-nodes-base.respondToWebhook',
		typeVersion: 1.4,
		parameters: { respondWith: 'text', responseBody: 'ok', options: {} },
	};
	const respond = webhookWorkflow('big-respond', [answer], [['Webhook', 0, 'Answer']], {
		responseMode: 'responseNode',
	});
	const running = await runN8nWith([door, signedDoor, respond], [SIGNATURE_CREDENTIAL], {
		env: { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' },
	});
	const headers = {
		'content-type': 'application/json',
		'idempotency-key': 'big',
		...signatureOf(body),
	};
	const round = (workflow: Workflow, count: number) => async () =>
		await rateOf(count, async () => {
			for (let sent = 0; sent < count; sent++) {
				const response = await fetch(running.urlOf(workflow), { method: 'POST', body, headers });
				if (!response.ok) throw new Error(`n8n answered ${response.status}`);
				await response.arrayBuffer();
			}
		});
	const count = scale.of({ full: 3, short: 1 });
	const medians = await during(
		'Answering bodies of 13 MB',
		async () =>
			await inTurns(scale.of({ full: 5, short: 1 }), {
				door: round(door, count),
				signed: round(signedDoor, count),
				respond: round(respond, count),
			}),
	);
	await running.stop();
	for (const [measured, store] of [
		['door', 'embedded'],
		['signed', 'embedded, signed requests'],
	] as const) {
		report.row({
			bench: 'big-body',
			unit: 'duplicates/s',
			ours: medians[measured],
			peer: `Webhook → Respond to Webhook (store: ${store})`,
			theirs: medians.respond,
			better: 'more',
		});
	}
}
