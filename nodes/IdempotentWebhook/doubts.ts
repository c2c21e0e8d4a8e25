import type { IWebhookFunctions } from 'n8n-workflow';

import type { Prepared } from '../../lib/guard/prepare';
import { keyHints } from '../shared/key-hints';
import { logAtDoor } from './door-log';

/** What is doubtful about keys goes into n8n's log: no execution would show it for a request that is answered at the door. */
export function logDoubts(context: IWebhookFunctions, prepared: readonly Prepared[]): void {
	for (const each of prepared) {
		if (each.kind !== 'claim') continue;
		for (const hint of keyHints(each.doubts)) logAtDoor(context, hint, hint);
	}
}
