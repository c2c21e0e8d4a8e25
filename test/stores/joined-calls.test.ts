import { type JoinLimits, JoinedCalls } from '../../lib/stores/joined-calls';
import type { Reply } from '../../lib/core/reply';
import { answered } from '../support/requests';

/** Calls that are joined, before a server that answers when the test says so. */
function opened(limits: Partial<JoinLimits<string>>) {
	const asked: Array<{ readonly items: readonly string[]; readonly answer: () => void }> = [];
	const calls = new JoinedCalls<string, string>(
		async (items, put) =>
			await new Promise((done) => {
				const answer = () => {
					items.forEach((item, place) =>
						put(place, { ok: true, micros: 1, answer: `to ${item}` } satisfies Reply<string>),
					);
					done();
				};
				asked.push({ items, answer });
			}),
		{ items: 100, bytes: 1_000, sizeOf: () => 1, atOnce: 2, ...limits },
	);
	return { asked, call: async (...items: string[]) => (await calls.call(items)).map(answered) };
}

const nextTurn = async () => await new Promise((done) => setImmediate(done));

describe('calls that are joined', () => {
	it('go together when all that come in one breath are made', async () => {
		const { asked, call } = opened({});
		const answers = ['a', 'b', 'c'].map(async (item) => await call(item));
		expect(asked).toHaveLength(0);
		await nextTurn();
		expect(asked.map(({ items }) => items)).toEqual([['a', 'b', 'c']]);
		asked[0]?.answer();
		expect(await Promise.all(answers)).toEqual([['to a'], ['to b'], ['to c']]);
	});

	it('go in their order as soon as enough of them wait, up to so many batches; the rest goes together', async () => {
		const { asked, call } = opened({ begins: 2 });
		const answers = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(async (item) => await call(item));
		expect(asked.map(({ items }) => items)).toEqual([
			['a', 'b'],
			['c', 'd'],
		]);
		await nextTurn();
		expect(asked).toHaveLength(2);
		asked[1]?.answer();
		await nextTurn();
		expect(asked.slice(2).map(({ items }) => items)).toEqual([['e', 'f', 'g']]);
		asked[0]?.answer();
		asked[2]?.answer();
		const all = await Promise.all(answers);
		expect(all.flat()).toEqual(['to a', 'to b', 'to c', 'to d', 'to e', 'to f', 'to g']);
		expect(asked).toHaveLength(3);
	});

	it('with several items count by their items', async () => {
		const { asked, call } = opened({ begins: 3 });
		const answers = [call('a', 'b'), call('c', 'd'), call('e')];
		expect(asked.map(({ items }) => items)).toEqual([['a', 'b', 'c', 'd']]);
		await nextTurn();
		asked[0]?.answer();
		await nextTurn();
		asked[1]?.answer();
		expect(await Promise.all(answers)).toEqual([['to a', 'to b'], ['to c', 'to d'], ['to e']]);
	});
});
