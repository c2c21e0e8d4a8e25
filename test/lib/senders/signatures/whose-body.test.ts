import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { detectSender } from '../../../../lib/senders/delivery-ids';
import { whoseBody } from '../../../../lib/senders/signatures/whose-body';

const FOLDER = join(__dirname, '../../../fixtures/senders');

it.each(readdirSync(FOLDER))('%s: its body speaks against no sender but others', (file) => {
	const { first } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as {
		first: { body?: unknown };
	};
	if (!Object.hasOwn(first, 'body')) return expect(file).toMatch(/kafka|nats|rabbitMq|sqs/);
	expect([null, detectSender({ json: first })]).toContain(whoseBody(first.body));
});

it('Linear is known by its time, which is in the body', () => {
	expect(whoseBody({ action: 'create', webhookTimestamp: 1 })).toBe('linear');
	expect(whoseBody({ action: 'opened' })).toBeNull();
	for (const none of [null, undefined, '', 'text', [], {}, 1]) expect(whoseBody(none)).toBeNull();
});
