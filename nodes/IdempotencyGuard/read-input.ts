import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { isRecord } from '../../lib/senders/delivery';
import type { SenderValue } from '../../lib/senders/delivery-ids';
import { splitDelivery } from '../../lib/senders/split-delivery';
import type { ItemParameters } from '../shared/parameters';
import type { Incoming } from './incoming';
import { checkSignatures, signatureParametersOf } from './signed-items';

/**
 * The requests in a Guard's input: signatures are checked before anything else is done, then what a sender put together is split.
 *
 * @throws ComplaintError for settings that can't work, and for an item without a raw body
 */
export async function incomingOf(
	context: IExecuteFunctions,
	parameters: ItemParameters,
	items: readonly INodeExecutionData[],
): Promise<Incoming[]> {
	const checked = await checkSignatures(context, signatureParametersOf(parameters), items);
	const isSplit =
		parameters.get<unknown>('options.splitEvents', 0, false) === true &&
		parameters.get('keySource', 0, 'delivery') === 'delivery';
	// By whose IDs are the keys, whoever signs.
	const sender = parameters.get<'auto' | SenderValue>('sender', 0, 'auto');
	return isSplit ? checked.flatMap((each) => split(each, sender)) : checked;
}

function split(incoming: Incoming, sender: 'auto' | SenderValue): Incoming[] {
	if (incoming.refused !== null) return [incoming];
	const { item, compared } = incoming;
	const { events } = splitDelivery({ json: item.json }, sender);
	// What holds no objects is no delivery of events: it has no key either.
	if (!events.every(({ json }) => isRecord(json))) return [incoming];
	return events.map(({ json }) => ({
		...incoming,
		item: { ...item, json: json as IDataObject },
		compared: { ...compared, json: json as IDataObject },
	}));
}
