import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { RedisServer } from '../support/redis-server';
import { javascript, startDownstream, webhookItem } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow } from './scenario';
import type { ChargeParts } from './scenario';

/** What the tests of tenants share. */

export const n8n = engine();
export let downstream: Downstream;
export let server: RedisServer;
beforeAll(async () => {
	[downstream, server] = await Promise.all([startDownstream(), RedisServer.start()]);
});
afterAll(async () => {
	await Promise.all([downstream.close(), server.stop()]);
});

export const NEW = [1, 0, 0, 0];
export const CONFLICT = [0, 0, 1, 0];

/** A call with an Idempotency-Key by a tenant that its token names. */
export const call = (key: string, tenant: unknown, body: IDataObject = {}): INodeExecutionData => {
	const item = webhookItem({ body: { key, ...body }, headers: { 'idempotency-key': key } });
	return { json: { ...item.json, jwtPayload: { tenant } as IDataObject } };
};

export const withTenant = (
	tenantMode?: 'separate' | 'bind',
	more: INodeParameters = {},
): ChargeParts => ({
	guard: {
		options: {
			tenant: '={{ $json.jwtPayload.tenant }}',
			...(tenantMode === undefined ? {} : { tenantMode }),
			...more,
		},
	},
});
export const send = async (parts: ChargeParts, ...triggerItems: INodeExecutionData[]) =>
	await n8n.run(chargeWorkflow(downstream.url, parts), { triggerItems });

/** Answers who was charged, so that each result tells whose it is. */
export const act = javascript('Act', (items) =>
	items.map(({ json }, item) => ({
		json: { chargedFor: (json.jwtPayload as IDataObject).tenant as string },
		pairedItem: { item },
	})),
);
