import type { ITriggerFunctions, ITriggerResponse } from 'n8n-workflow';

import { attemptAsync } from '../../lib/core/attempt';
import { complaintOf, nodeError } from '../shared/messages';
import { alarmTermsOf, readSettings } from './trigger-settings';
import { AbandonedWatch } from './watch';
import { AlarmWatch } from './watch-alarms';

export async function watchAbandoned(context: ITriggerFunctions): Promise<ITriggerResponse> {
	const started = await attemptAsync(async () => {
		const settings = readSettings(context);
		const terms = alarmTermsOf(context, settings);
		const watch =
			terms === null
				? new AbandonedWatch(context, settings)
				: new AlarmWatch(context, settings, terms);
		if (context.getMode() !== 'manual') await watch.start();
		return watch;
	});
	if (!started.ok) throw nodeError(context.getNode(), complaintOf(started.error));
	const watch = started.value;
	return {
		closeFunction: async () => {
			watch.close();
			await Promise.resolve();
		},
		manualTriggerFunction: async () => {
			const shown = await attemptAsync(async () => await watch.showOne());
			if (!shown.ok) throw nodeError(context.getNode(), complaintOf(shown.error));
		},
	};
}
