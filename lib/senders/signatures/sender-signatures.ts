import type { SenderValue } from '../sender';
import { CLIENT_STATE } from './client-state';
import { body, ID_IN_HEADER, timed } from './hmac-senders';
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

const NO_HTTP = { unchecked: 'a message from a broker has no signature' } as const;

/** Every sender of the table: adding one there asks for it here. */
export const SENDER_SIGNATURES: Readonly<Record<SenderValue, SenderSignature>> = {
	stripe: timed(
		{
			headers: ['stripe-signature'],
			encoding: 'hex',
			prefix: 'v1=',
			separator: ',',
			signed: '{timestamp}.{body}',
			timestamp: { prefix: 't=', form: 's' },
		},
		{
			where: 'the header Stripe-Signature',
			secretIs: 'the signing secret of the endpoint (whsec_…), with its prefix',
			source: 'https://github.com/stripe/stripe-node/blob/master/src/Webhooks.ts',
			seen: 'sdk',
		},
	),
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
	slack: timed(
		{
			headers: ['x-slack-signature'],
			encoding: 'hex',
			prefix: 'v0=',
			signed: 'v0:{timestamp}:{body}',
			timestamp: { header: 'x-slack-request-timestamp', form: 's' },
		},
		{
			where: 'the header X-Slack-Signature',
			secretIs: 'the Signing Secret of the app (Basic Information)',
			source: 'https://github.com/slackapi/bolt-js/blob/main/src/receivers/verify-request.ts',
			seen: 'sdk',
		},
	),
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
	paddle: timed(
		{
			headers: ['paddle-signature'],
			encoding: 'hex',
			prefix: 'h1=',
			separator: ';',
			signed: '{timestamp}:{body}',
			timestamp: { prefix: 'ts=', form: 's' },
		},
		{
			where: 'the header Paddle-Signature',
			secretIs: 'the secret key of the notification destination (pdl_ntfset_…)',
			source:
				'https://github.com/PaddleHQ/paddle-node-sdk/blob/main/src/notifications/helpers/webhooks-validator.ts',
			seen: 'sdk',
		},
	),
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
	hubSpot: timed(
		{
			headers: ['x-hubspot-signature-v3'],
			encoding: 'base64',
			prefix: '',
			signed: '{method}{url}{body}{timestamp}',
			timestamp: { header: 'x-hubspot-request-timestamp', form: 'ms' },
			urlForms: hubSpotUrls,
		},
		{
			where: 'the header X-HubSpot-Signature-v3',
			secretIs: 'the client secret of the app',
			source:
				'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation',
			seen: 'sdk',
		},
	),
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
					leavesOpen: 'the delivery ID (the header Idempotency-Key) is not signed',
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
	zoom: timed(
		{
			headers: ['x-zm-signature'],
			encoding: 'hex',
			prefix: 'v0=',
			signed: 'v0:{timestamp}:{body}',
			timestamp: { header: 'x-zm-request-timestamp', form: 's' },
		},
		{
			where: 'the header X-Zm-Signature',
			secretIs: 'the Secret Token of the app (Feature)',
			source: 'https://github.com/zoom/webhook-sample/blob/master/index.js',
			seen: 'sdk',
		},
	),
	calendly: timed(
		{
			headers: ['calendly-webhook-signature'],
			encoding: 'hex',
			prefix: 'v1=',
			separator: ',',
			signed: '{timestamp}.{body}',
			timestamp: { prefix: 't=', form: 's' },
		},
		{
			where: 'the header Calendly-Webhook-Signature',
			secretIs: 'the signing key of the webhook subscription',
			source: 'https://developer.calendly.com/docs/webhooks/overview',
			seen: 'vendor',
		},
	),
	zendesk: timed(
		{
			headers: ['x-zendesk-webhook-signature'],
			encoding: 'base64',
			prefix: '',
			signed: '{timestamp}{body}',
			timestamp: { header: 'x-zendesk-webhook-signature-timestamp', form: 'iso' },
		},
		{
			where: 'the header X-Zendesk-Webhook-Signature',
			secretIs: 'the signing secret of the webhook (Reveal secret)',
			leavesOpen: 'the delivery ID (a header) is not signed',
			source: 'https://developer.zendesk.com/documentation/webhooks/verifying/',
			seen: 'vendor',
		},
	),
	twitch: timed(
		{
			headers: ['twitch-eventsub-message-signature'],
			encoding: 'hex',
			prefix: 'sha256=',
			signed: '{id}{timestamp}{body}',
			id: 'twitch-eventsub-message-id',
			timestamp: { header: 'twitch-eventsub-message-timestamp', form: 'iso' },
		},
		{
			where: 'the header Twitch-Eventsub-Message-Signature',
			secretIs: 'the secret of the subscription',
			source: 'https://dev.twitch.tv/docs/eventsub/handling-webhook-events/',
			seen: 'secondary',
		},
	),
	polar: {
		schemes: [
			standardWebhooks(
				['webhook'],
				'whsec',
				{
					secretIs: 'the secret of the endpoint (whsec_…)',
					source: 'https://github.com/polarsource/polar/blob/main/server/polar/webhook/tasks.py',
					seen: 'sdk',
				},
				(secret) => secret.startsWith('whsec_'),
			),
			standardWebhooks(['webhook'], 'text', {
				secretIs: 'the secret of an older endpoint (polar_whs_…), with its prefix',
				source: 'https://github.com/polarsource/polar/blob/main/server/polar/webhook/tasks.py',
				seen: 'sdk',
			}),
		],
	},
	discord: {
		schemes: [
			publicKeyScheme(
				{
					algorithm: 'ed25519',
					header: 'x-signature-ed25519',
					encoding: 'hex',
					timestampHeader: 'x-signature-timestamp',
				},
				{
					where: 'the header X-Signature-Ed25519',
					secretIs: 'the Public Key of the application (General Information)',
					leavesOpen: null,
					source: 'https://github.com/discord/discord-interactions-js/blob/main/src/index.ts',
					seen: 'sdk',
				},
			),
		],
	},
	asana: body(
		'X-Hook-Signature',
		{ encoding: 'hex' },
		{
			secretIs: 'the X-Hook-Secret in the answer to the request that made the webhook',
			source: 'https://developers.asana.com/docs/webhooks-guide',
			seen: 'vendor',
		},
	),
	notion: body(
		'X-Notion-Signature',
		{ encoding: 'hex', prefix: 'sha256=' },
		{
			secretIs: 'the verification_token of the first request',
			source: 'https://developers.notion.com/reference/webhooks',
			seen: 'secondary',
		},
	),
	clickUp: body(
		'X-Signature',
		{ encoding: 'hex' },
		{
			secretIs: 'the secret in the answer to the request that made the webhook',
			source: 'https://developer.clickup.com/docs/webhooksignature',
			seen: 'secondary',
		},
	),
	lemonSqueezy: body(
		'X-Signature',
		{ encoding: 'hex' },
		{
			secretIs: 'the signing secret of the webhook',
			source: 'https://docs.lemonsqueezy.com/help/webhooks/signing-requests',
			seen: 'secondary',
		},
	),
	razorpay: body(
		'X-Razorpay-Signature',
		{ encoding: 'hex' },
		{
			secretIs: 'the secret of the webhook',
			leavesOpen: ID_IN_HEADER,
			source: 'https://razorpay.com/docs/webhooks/validate-test/',
			seen: 'secondary',
		},
	),
	mollie: body(
		'X-Mollie-Signature',
		// While the secret is being changed, the header comes twice, and is joined by a comma on the way here.
		{ encoding: 'hex', prefix: 'sha256=', separator: ',' },
		{
			secretIs: 'the signing secret of the webhook (next-gen)',
			source: 'https://docs.mollie.com/reference/webhooks-new',
			seen: 'secondary',
		},
	),
	intercom: body(
		'X-Hub-Signature',
		{ algorithm: 'sha1', encoding: 'hex', prefix: 'sha1=' },
		{
			secretIs: 'the client secret of the app (Basic Information)',
			source: 'https://developers.intercom.com/docs/webhooks/webhook-notifications',
			seen: 'secondary',
		},
	),
	waha: body(
		'X-Webhook-Hmac',
		{ algorithm: 'sha512', encoding: 'hex' },
		{
			secretIs: 'the HMAC key of the webhook (WHATSAPP_HOOK_HMAC_KEY)',
			source: 'https://waha.devlike.pro/docs/how-to/events/',
			seen: 'secondary',
		},
	),
	line: body(
		'X-Line-Signature',
		{ encoding: 'base64' },
		{
			secretIs: 'the channel secret',
			source: 'https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/',
			seen: 'vendor',
		},
	),
	trello: body(
		'X-Trello-Webhook',
		{ algorithm: 'sha1', encoding: 'base64', signed: '{body}{url}' },
		{
			secretIs: 'the OAuth 1.0 secret of the Power-Up (API Key)',
			source: 'https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks',
			seen: 'secondary',
		},
	),
	microsoftGraph: { schemes: [CLIENT_STATE] },
	baserow: {
		unchecked: 'Baserow signs nothing; give its webhook a secret header, and use Header Auth',
	},
	chargebee: { unchecked: 'Chargebee signs nothing; give its webhook a user, and use Basic Auth' },
	monday: { unchecked: 'monday.com signs no body; put a secret into the path of the webhook' },
	pipedrive: { unchecked: 'Pipedrive signs nothing; give its webhook a user, and use Basic Auth' },
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
