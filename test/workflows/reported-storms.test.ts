import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDataObject, INode } from 'n8n-workflow';

import { until } from '../support/until';
import { closeDoors, openDoor } from './at-the-door';

/** Deliveries as senders' users have reported them, with the settings that docs/senders.md names for them: how often is there an act? */

const FOLDER = join(__dirname, '../fixtures/storms');

interface Storm {
	readonly about: string;
	readonly settings: INode['parameters'];
	readonly acts: number;
	readonly atOnce?: boolean;
	readonly deliveries: ReadonlyArray<{
		readonly headers: Record<string, string>;
		readonly body: object;
	}>;
}

const storms = readdirSync(FOLDER).map((file): [string, Storm] => [
	file.replace('.json', ''),
	JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Storm,
]);

afterEach(closeDoors);

const bodiesOf = (items: readonly IDataObject[]) => items.map(({ body }) => JSON.stringify(body));

it.each(storms)('%s', async (_name, { settings, acts, atOnce, deliveries }) => {
	const door = await openDoor(settings);
	const send = async ({ headers, body }: Storm['deliveries'][number]) =>
		await door.send({ headers, body: JSON.stringify(body) });
	if (atOnce) await Promise.all(deliveries.map(send));
	else for (const delivery of deliveries) await send(delivery);
	// All again, once everything has run: no delivery is new.
	await until('all have acted', async () => await Promise.resolve(door.acted.length >= acts));
	for (const delivery of deliveries) await send(delivery);
	expect(bodiesOf(door.acted)).toHaveLength(acts);
	const starts = door.server.executions.length;
	expect(starts).toBeLessThanOrEqual(acts);
});

it.each(storms.filter(([, { settings }]) => settings.deliveryIdentity === 'thing'))(
	'%s: as often as it comes where it is known by the event',
	async (_name, { settings, deliveries }) => {
		const door = await openDoor({ ...settings, deliveryIdentity: 'event' });
		for (const { headers, body } of deliveries) {
			await door.send({ headers, body: JSON.stringify(body) });
		}
		expect(door.acted).toHaveLength(deliveries.length);
	},
);
