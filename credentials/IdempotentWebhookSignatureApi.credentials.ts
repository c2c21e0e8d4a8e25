import type { ICredentialType, Icon, INodeProperties } from 'n8n-workflow';

export class IdempotentWebhookSignatureApi implements ICredentialType {
	name = 'idempotentWebhookSignatureApi';

	displayName = 'Idempotent Webhook Signature API';

	icon: Icon = {
		light: 'file:../nodes/IdempotentWebhook/webhook.svg',
		dark: 'file:../nodes/IdempotentWebhook/webhook.dark.svg',
	};

	documentationUrl =
		'https://github.com/n8n-nodes-idempotency/n8n-nodes-idempotency/blob/main/docs/webhook.md#signatures';

	properties: INodeProperties[] = [
		{
			displayName: 'Secret',
			name: 'secret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description:
				'What the sender signs with, as it shows it. Of senders that sign with a private key of theirs (SendGrid, Discord), their public key.',
		},
		{
			displayName: 'Second Secret',
			name: 'secondSecret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description: 'Taken as well, while you change the first one. Remove it afterwards.',
		},
		{
			displayName: 'Verify Token',
			name: 'verifyToken',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description:
				'Only for Meta (WhatsApp): a text of your own, which you enter in the Meta app as well',
		},
	];
}
