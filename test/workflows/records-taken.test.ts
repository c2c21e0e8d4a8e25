import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { IExecuteFunctions } from 'n8n-workflow';

import type { Store } from '../../lib/core/store';
import { openStore } from '../../nodes/shared/open-store';
import { done, mend, send, unknown } from './records-harness';
import { detailsOf, newKey } from './scenario';

/** What others do to a record between the look of Idempotency Records and its order. */

const OWN = { workflows: 'own' };
const guard = { options: { scope: 'custom', namespace: 'shared-by-two' } };
const REPLACED = /changed since it was seen: it is completed now\. Nothing was done\./;

let store: Store;
beforeAll(async () => {
	({ store } = await openStore({} as IExecuteFunctions, 'embedded'));
});
afterEach(() => jest.restoreAllMocks());

/** A request that a run of the workflow "mending" gave back: any delivery of its key may run, whoever gets it. */
async function givenBack() {
	const key = newKey();
	const hash = await unknown(key, { id: 'mending', guard });
	await done({ operation: 'release', findBy: 'hash', hash });
	return { key, hash };
}

/** Another workflow takes the key right after the store has answered this. */
function taken(after: 'get' | 'list', key: string) {
	const real = store[after].bind(store) as (asked: never) => Promise<never>;
	jest.spyOn(store, after).mockImplementationOnce(async (asked: unknown) => {
		const answer = await real(asked as never);
		const result = await send(key, { guard });
		expect(detailsOf(result, 'Guard')).toMatchObject({ outcome: 'new' });
		return answer;
	});
}

const stateOf = async (hash: string) => (await done({ operation: 'get', findBy: 'hash', hash }))[0];

test.each(['own', 'all'])(
	'Forget leaves what another workflow has taken since: it sees %s',
	async (workflows) => {
		const { key, hash } = await givenBack();
		taken('get', key);
		const options = { force: true };
		const result = await mend({ workflows, operation: 'forget', findBy: 'hash', hash, options });
		expect(result.error?.message).toMatch(REPLACED);
		expect(await stateOf(hash)).toMatchObject({ state: 'completed', workflowId: 'workflow-1' });
	},
);

test('Forget leaves what was granted since the fence that it was told', async () => {
	const { key, hash } = await givenBack();
	const fence = Number((await stateOf(hash))?.fence);
	await send(key, { guard });
	const forget = { operation: 'forget', findBy: 'hash', hash };
	const result = await mend({ ...forget, options: { fence } });
	expect(result.error?.message).toMatch(REPLACED);
	const now = Number((await stateOf(hash))?.fence);
	expect(await done({ ...forget, options: { fence: now } })).toMatchObject([{ outcome: 'done' }]);
});

test('Get shows no result of a request that another workflow has taken since', async () => {
	const { key, hash } = await givenBack();
	taken('get', key);
	const options = { includeResult: true };
	const result = await mend({ ...OWN, operation: 'get', findBy: 'hash', hash, options });
	expect(result.error?.message).toMatch(/^This is a request of another workflow \(workflow-1\)/);
	expect(result.json('Records')).toEqual([]);
});

test('List leaves out what another workflow has taken since, and shows the others as they are', async () => {
	const [one, other] = [await givenBack(), await givenBack()];
	taken('list', one.key);
	const filters = { namespace: 'shared-by-two', states: ['released'] };
	const options = { includeResult: true };
	const list = { operation: 'list', returnAll: true, filters, options };
	const result = await mend({ ...OWN, ...list });
	expect(result.error).toBeUndefined();
	const shown = result.json('Records').map(({ hash }) => hash);
	expect(shown).toContain(other.hash);
	expect(shown).not.toContain(one.hash);
});

describe('a value that is no record', () => {
	const spoilt = async () => {
		const hash = String(detailsOf(await send(newKey()), 'Guard').hash);
		const file = join(process.env.N8N_USER_FOLDER ?? '', '.n8n', 'idempotency.sqlite');
		const database = new DatabaseSync(file);
		database.prepare('UPDATE claims SET state = 99 WHERE identity = ?').run(hash);
		database.close();
		return { operation: 'forget', findBy: 'hash', hash };
	};

	test('is removed by Force, and by nothing else', async () => {
		const forget = await spoilt();
		expect((await mend(forget)).error?.message).toMatch(/not a record|can't be read/i);
		const fenced = await mend({ ...forget, options: { force: true, fence: 7 } });
		expect(fenced.error?.message).toMatch(/not a record|can't be read/i);
		const options = { force: true, note: 'written by a script' };
		expect(await done({ ...forget, options })).toMatchObject([
			{
				hash: forget.hash,
				previousState: 'unreadable',
				outcome: 'done',
				state: 'absent',
				reason: expect.stringContaining('written by a script'),
			},
		]);
		expect(await done(forget)).toMatchObject([{ found: false }]);
	});

	test("is nobody's own", async () => {
		const forget = await spoilt();
		const result = await mend({ ...OWN, ...forget, options: { force: true } });
		expect(result.error?.message).toMatch(/nobody knows of which workflow it is/);
		expect((await mend(forget)).error).toBeDefined();
	});
});
