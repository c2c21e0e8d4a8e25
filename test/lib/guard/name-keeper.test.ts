import type { NameNote } from '../../../lib/core/store';
import type { Reply } from '../../../lib/core/reply';
import { StoreError } from '../../../lib/core/reply';
import { NameKeeper } from '../../../lib/guard/name-keeper';

/** A name is noted when it is new or has changed, however many claims there are. */

function storeThatAnswers(reply: Reply<null>) {
	const noted: NameNote[] = [];
	const store = {
		noteName: async (note: NameNote) => {
			noted.push(note);
			return await Promise.resolve(reply);
		},
	};
	return { noted, store };
}
const done: Reply<null> = { ok: true, micros: 1, answer: null };
const failed: Reply<null> = { ok: false, error: new StoreError('unreachable', 'Nobody is there') };
const settled = async () => await new Promise((resolve) => setImmediate(resolve));

test.each([
	['noted', done],
	['refused by the store', failed],
])('once for many claims, where it was %s', async (_name, reply) => {
	const { noted, store } = storeThatAnswers(reply);
	const names = new NameKeeper(store);
	for (let i = 0; i < 50; i++) {
		names.note('one', 'Orders › Guard');
		names.note('two', 'Orders › Other');
		await settled();
	}
	expect(noted.map(({ namespace }) => namespace)).toEqual(['one', 'two']);
});

test('again when it has changed', () => {
	const { noted, store } = storeThatAnswers(done);
	const names = new NameKeeper(store);
	names.note('one', 'Orders › Guard');
	names.note('one', 'Orders › Once');
	expect(noted.map(({ name }) => name)).toEqual(['Orders › Guard', 'Orders › Once']);
});

test('as one line that every store takes, and nothing where there is none', () => {
	const { noted, store } = storeThatAnswers(done);
	const names = new NameKeeper(store);
	names.note('one', ` Two\nlines\u0000${'x'.repeat(181)}\u{1f389}${'y'.repeat(300)}`);
	names.note('two', ' \n ');
	expect(noted).toHaveLength(1);
	expect(noted[0]?.name).toMatch(/^Two lines x{181}.{6,8}$/u);
	expect(noted[0]?.name).toHaveLength(200);
});

test('remembers so many namespaces, and no more', () => {
	const { noted, store } = storeThatAnswers(done);
	const names = new NameKeeper(store);
	for (let i = 0; i < 1_001; i++) names.note(`n${i}`, 'Name');
	names.note('n1000', 'Name');
	expect(noted).toHaveLength(1_001);
	names.note('n0', 'Name');
	expect(noted).toHaveLength(1_002);
});
