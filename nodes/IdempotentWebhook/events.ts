import type { IDataObject } from 'n8n-workflow';

import type { SenderValue } from '../../lib/senders/delivery-ids';
import { splitDelivery } from '../../lib/senders/split-delivery';
import type { ItemParameters } from '../shared/parameters';
import type { DoorRequest } from './request';

/** The events of a request that are to start a run. */
export interface DoorEvents {
	/** Each a request of its own, with one event in its body. */
	readonly requests: readonly DoorRequest[];
	/** How many were left out by their kind. */
	readonly leftOut: number;
}

/** Splits what a sender puts into one request, where its delivery IDs are the keys, and leaves out kinds that were not chosen. */
export function eventsOf(parameters: ItemParameters, request: DoorRequest): DoorEvents {
	if (parameters.get('keySource', 0, 'delivery') !== 'delivery') {
		return { requests: [request], leftOut: 0 };
	}
	// By whose IDs are the keys, whoever signs.
	const sender = parameters.get<'auto' | SenderValue>('sender', 0, 'auto');
	const { events } = splitDelivery({ json: request.json }, sender);
	const chosen = parameters.has('eventKinds')
		? parameters.get<unknown>('eventKinds', 0, [])
		: undefined;
	const wanted = events.filter(
		({ kind }) => kind === null || !Array.isArray(chosen) || chosen.includes(kind),
	);
	return {
		requests: wanted.map(({ json }) => ({
			...request,
			json: json as IDataObject,
			jsonType: json === request.json ? request.jsonType : null,
		})),
		leftOut: events.length - wanted.length,
	};
}
