import type { SenderValue } from '../sender';
import { hmacScheme, type HmacTerms, type SchemeWords } from './hmac';
import { hubSpotUrls } from './hubspot-url';
import { LINEAR } from './linear';
import { MAILGUN } from './mailgun';
import { publicKeyScheme } from './public-keys';
import type { SignatureScheme } from './scheme';
import { tokenScheme } from './shared-token';
import { standardWebhooks } from './standard-webhooks';
import { TWILIO } from './twilio';

/** How a sender signs, or why that can't be checked here: a sentence without a full stop. */
export type SenderSignature =
	| { readonly schemes: readonly SignatureScheme[] }
	| { readonly unchecked: string };

const ID_IN_HEADER = 'the delivery ID (a header) and the time are not signed';
const NO_TIME = 'the time is not signed';

const body = (
	header: string | readonly string[],
	form: Pick<HmacTerms, 'encoding'> & Partial<Pick<HmacTerms, 'algorithm' | 'prefix' | 'signed'>>,
	words: Omit<SchemeWords, 'where' | 'leavesOpen'> & { readonly leavesOpen?: string | null },
): { readonly schemes: readonly SignatureScheme[] } => {
	const headers = [header].flat();
	return {
		schemes: [
			hmacScheme(
				{
					headers: headers.map((name) => name.toLowerCase()),
					algorithm: form.algorithm ?? 'sha256',
					encoding: form.encoding,
					prefix: form.prefix ?? '',
					separator: null,
					signed: form.signed ?? '{body}',
					timestamp: null,
					secret: 'text',
				},
				{
					where: `the header ${headers.join(' or ')}`,
					secretIs: words.secretIs,
					leavesOpen: words.leavesOpen ?? NO_TIME,
					source: words.source,
					seen: words.seen,
				},
			),
		],
	};
};

const NO_HTTP = { unchecked: 'a message from a broker has no signature' } as const;

/** Every sender of the table: adding one there asks for it here. */
export const SENDER_SIGNATURES: Readonly<Record<SenderValue, SenderSignature>> = {
	stripe: {
		schemes: [
			hmacScheme(
				{
					headers: ['stripe-signature'],
					algorithm: 'sha256',
					encoding: 'hex',
					prefix: 'v1=',
					separator: ',',
					signed: '{timestamp}.{body}',
					timestamp: { prefix: 't=', form: 's' },
					secret: 'text',
				},
				{
					where: 'the header Stripe-Signature',
					secretIs: 'the signing secret of the endpoint (whsec_…), with its prefix',
					leavesOpen: null,
					source: 'https://github.com/stripe/stripe-node/blob/master/src/Webhooks.ts',
					seen: 'sdk',
				},
			),
		],
	},
	github: body(
		'X-Hub-Signature-256',
		{ encoding: 'hex', prefix: 'sha256=' },
		{
			secretIs: 'the secret of the webhook',
			leavesOpen: ID_IN_HEADER,
			source:
				'https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation',
			seen: 'sdk',
		},
	),
	whatsApp: body(
		'X-Hub-Signature-256',
		{ encoding: 'hex', prefix: 'sha256=' },
		{
			secretIs: 'the App Secret of the Meta app (Settings → Basic)',
			source:
				'https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads',
			seen: 'secondary',
		},
	),
	shopify: body(
		['X-Shopify-Hmac-Sha256', 'Shopify-Hmac-Sha256'],
		{ encoding: 'base64' },
		{
			secretIs:
				"the client secret of the app; for webhooks made in the shop's settings, the secret shown there",
			leavesOpen: ID_IN_HEADER,
			source:
				'https://github.com/Shopify/shopify-app-js/blob/main/packages/apps/shopify-api/lib/webhooks/validate.ts',
			seen: 'sdk',
		},
	),
	slack: {
		schemes: [
			hmacScheme(
				{
					headers: ['x-slack-signature'],
					algorithm: 'sha256',
					encoding: 'hex',
					prefix: 'v0=',
					separator: null,
					signed: 'v0:{timestamp}:{body}',
					timestamp: { header: 'x-slack-request-timestamp', form: 's' },
					secret: 'text',
				},
				{
					where: 'the header X-Slack-Signature',
					secretIs: 'the Signing Secret of the app (Basic Information)',
					leavesOpen: null,
					source: 'https://github.com/slackapi/bolt-js/blob/main/src/receivers/verify-request.ts',
					seen: 'sdk',
				},
			),
		],
	},
	standardWebhooks: {
		schemes: [
			standardWebhooks(['webhook', 'svix'], 'whsec', {
				secretIs: 'the signing secret (whsec_…)',
				source:
					'https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md',
				seen: 'sdk',
			}),
		],
	},
	paddle: {
		schemes: [
			hmacScheme(
				{
					headers: ['paddle-signature'],
					algorithm: 'sha256',
					encoding: 'hex',
					prefix: 'h1=',
					separator: ';',
					signed: '{timestamp}:{body}',
					timestamp: { prefix: 'ts=', form: 's' },
					secret: 'text',
				},
				{
					where: 'the header Paddle-Signature',
					secretIs: 'the secret key of the notification destination (pdl_ntfset_…)',
					leavesOpen: null,
					source:
						'https://github.com/PaddleHQ/paddle-node-sdk/blob/main/src/notifications/helpers/webhooks-validator.ts',
					seen: 'sdk',
				},
			),
		],
	},
	square: body(
		'X-Square-HmacSha256-Signature',
		{ encoding: 'base64', signed: '{url}{body}' },
		{
			secretIs: 'the signature key of the webhook subscription',
			source:
				'https://github.com/square/square-nodejs-sdk/blob/master/src/wrapper/WebhooksHelper.ts',
			seen: 'sdk',
		},
	),
	wooCommerce: body(
		'X-WC-Webhook-Signature',
		{ encoding: 'base64' },
		{
			secretIs: 'the secret of the webhook',
			leavesOpen: ID_IN_HEADER,
			source:
				'https://github.com/woocommerce/woocommerce/blob/trunk/plugins/woocommerce/includes/class-wc-webhook.php',
			seen: 'vendor',
		},
	),
	linear: { schemes: [LINEAR] },
	typeform: body(
		'Typeform-Signature',
		{ encoding: 'base64', prefix: 'sha256=' },
		{
			secretIs: 'the secret of the webhook',
			source: 'https://www.typeform.com/developers/webhooks/secure-your-webhooks/',
			seen: 'secondary',
		},
	),
	hubSpot: {
		schemes: [
			hmacScheme(
				{
					headers: ['x-hubspot-signature-v3'],
					algorithm: 'sha256',
					encoding: 'base64',
					prefix: '',
					separator: null,
					signed: '{method}{url}{body}{timestamp}',
					timestamp: { header: 'x-hubspot-request-timestamp', form: 'ms' },
					secret: 'text',
					urlForms: hubSpotUrls,
				},
				{
					where: 'the header X-HubSpot-Signature-v3',
					secretIs: 'the client secret of the app',
					leavesOpen: null,
					source:
						'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation',
					seen: 'sdk',
				},
			),
		],
	},
	twilio: { schemes: [TWILIO] },
	mailgun: { schemes: [MAILGUN] },
	sendGrid: {
		schemes: [
			publicKeyScheme(
				{
					algorithm: 'ecdsa-sha256',
					header: 'x-twilio-email-event-webhook-signature',
					encoding: 'base64',
					timestampHeader: 'x-twilio-email-event-webhook-timestamp',
				},
				{
					where: 'the header X-Twilio-Email-Event-Webhook-Signature',
					secretIs: 'the verification key of the Signed Event Webhook (a public key)',
					leavesOpen: null,
					source:
						'https://github.com/sendgrid/sendgrid-nodejs/blob/main/packages/eventwebhook/src/eventwebhook.js',
					seen: 'sdk',
				},
			),
		],
	},
	gitlab: {
		schemes: [
			standardWebhooks(
				['webhook'],
				'whsec',
				{
					secretIs: 'the signing token of the webhook (whsec_…)',
					source: 'https://gitlab.com/gitlab-org/gitlab/-/merge_requests/230944',
					seen: 'vendor',
				},
				(secret) => secret.startsWith('whsec_'),
			),
			tokenScheme('x-gitlab-token', {
				where: 'the header X-Gitlab-Token',
				secretIs: 'the secret token of the webhook',
				source: 'https://docs.gitlab.com/user/project/integrations/webhooks/',
				seen: 'vendor',
			}),
		],
	},
	telegram: {
		schemes: [
			tokenScheme('x-telegram-bot-api-secret-token', {
				where: 'the header X-Telegram-Bot-Api-Secret-Token',
				secretIs: 'the secret_token that setWebhook was given',
				source: 'https://core.telegram.org/bots/api#setwebhook',
				seen: 'vendor',
			}),
		],
	},
	payPal: {
		unchecked:
			"PayPal signs with a certificate that has to be fetched from an address in the request; ask PayPal's verify-webhook-signature in the workflow instead",
	},
	contentful: {
		unchecked:
			'Contentful signs a canonical form of the request; use Header Auth with a secret header',
	},
	jira: {
		unchecked: 'Jira signs webhooks only where a secret was set; use Generic HMAC for those',
	},
	pandaDoc: { unchecked: 'PandaDoc puts its signature into the query; it is not checked here' },
	idempotencyKey: { unchecked: 'whoever calls may sign as they like; use Generic HMAC' },
	kafka: NO_HTTP,
	nats: NO_HTTP,
	rabbitMq: NO_HTTP,
	sqs: NO_HTTP,
};

/** How the sender signs; an empty list where it does not, or that can't be checked. */
export function schemesOf(sender: SenderValue): readonly SignatureScheme[] {
	const signature = SENDER_SIGNATURES[sender];
	return 'schemes' in signature ? signature.schemes : [];
}
