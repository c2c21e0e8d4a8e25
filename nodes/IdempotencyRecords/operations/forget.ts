import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { attemptAsync } from '../../../lib/core/attempt';
import { ComplaintError } from '../../../lib/guard/complaint';
import { auditItem, auditLine, auditOf } from '../audit';
import { changeRecords, isForced } from '../change-records';
import { UnreadableRecord, findProperties } from '../find-records';
import type { RecordsRun } from '../operation';

export const properties: readonly INodeProperties[] = findProperties;

const did = 'Forgotten';

/** The next delivery of the request counts as new. */
export async function execute(run: RecordsRun, itemIndex: number): Promise<IDataObject[]> {
	const forgotten = await attemptAsync(async () => {
		return await changeRecords(run, itemIndex, {
			did,
			orderFor: ({ identity, state, record }, _line, force) => ({
				type: 'forget',
				identity,
				force,
				seen: { fence: record.fence, state },
			}),
			absentIsFine: true,
		});
	});
	if (forgotten.ok) return forgotten.value;
	const { error } = forgotten;
	const isMeant = isForced(run, itemIndex) && !run.parameters.has('options.fence');
	if (!(error instanceof UnreadableRecord) || !isMeant) throw error;
	return [await removeUnreadable(run, itemIndex, error.identity)];
}

/** Nobody can tell whose it is. */
async function removeUnreadable(
	run: RecordsRun,
	itemIndex: number,
	identity: string,
): Promise<IDataObject> {
	const { context, opened, own } = run;
	if (own !== null) {
		throw new ComplaintError({
			message: `The value of the hash ${identity} can't be read, so that nobody knows of which workflow it is`,
			description: 'Set "Workflows" to "All Workflows" to remove it. Nothing was done.',
		});
	}
	const reply = await opened.store.operate({ type: 'forget', identity, force: true });
	if (!reply.ok) throw reply.error;
	const audit = auditOf(run, itemIndex);
	const line = auditLine(did, audit);
	context.logger.info(`Idempotency Records: ${line}`, {
		hash: identity,
		previousState: 'unreadable',
	});
	const { outcome, state } = reply.answer;
	return {
		hash: identity,
		state,
		previousState: 'unreadable',
		outcome,
		audit: auditItem(audit),
		reason: line,
	};
}
