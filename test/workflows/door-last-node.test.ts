import type { IDataObject } from 'n8n-workflow';

import { closeDoors, openDoor } from './at-the-door';

/** When Last Node Finishes: whatever that node has in its hands, no answer holds a claim token or what proves who the caller is. */

afterEach(closeDoors);

const SECRET = 'Bearer of-the-caller';
const headers = {
	'idempotency-key': 'k',
	authorization: SECRET,
	cookie: 'session=of-the-caller',
	'x-gitlab-token': 'of-the-caller',
};

const echo = (item: IDataObject): IDataObject => ({ ...item, deeper: [{ all: item }] });

it.each(['Commit', null])(
	'the first answer is like the stored one, with last node %s',
	async (last) => {
		const door = await openDoor(
			{ responseMode: 'lastNode', compare: 'none' },
			{ act: echo, ...(last === null ? { withoutCommit: true } : {}) },
		);
		const first = await door.send({ body: '{"a":1}', headers });
		expect(first).toMatchObject({ status: 200, json: { body: { a: 1 } } });
		const again = await door.send({ body: '{"a":1}', headers });
		expect(again.text).toBe(first.text);
		for (const { text } of [first, again]) {
			expect(text).not.toContain('of-the-caller');
			expect(text).not.toContain('idem1.');
		}
	},
);

it('is 500 where the run fails, and says no more than n8n does', async () => {
	const door = await openDoor(
		{ responseMode: 'lastNode' },
		{
			act: () => {
				throw new Error('of-the-run');
			},
		},
	);
	const answer = await door.send({ body: '{}', headers });
	expect([answer.status, answer.json]).toEqual([500, { message: 'Error in workflow' }]);
});
