import { KeptBriefly } from '../../../nodes/shared/kept-briefly';

/** What is kept may be a secret: it is asked for once by all who come within a while, and then let go of. */

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('is asked for once by all who come within a while, and again afterwards', async () => {
	const kept = new KeptBriefly<number>(1_000);
	let asked = 0;
	const get = async (name: string) =>
		await kept.get(name, async () => await Promise.resolve(++asked));
	expect(await Promise.all([get('a'), get('a'), get('b')])).toEqual([1, 1, 2]);
	jest.advanceTimersByTime(999);
	expect(await get('a')).toBe(1);
	jest.advanceTimersByTime(1);
	expect(await get('a')).toBe(3);
});

it('is held for no longer, whether anybody asks or not', async () => {
	const kept = new KeptBriefly<string>(1_000);
	await kept.get('a', async () => await Promise.resolve('a secret'));
	jest.advanceTimersByTime(500);
	await kept.get('b', async () => await Promise.resolve('another'));
	const held = () => [...(kept as unknown as { known: Map<string, unknown> }).known.keys()];
	expect(held()).toEqual(['a', 'b']);
	jest.advanceTimersByTime(500);
	expect(held()).toEqual(['b']);
	jest.advanceTimersByTime(500);
	expect(held()).toEqual([]);
});

it('is asked for again where it failed', async () => {
	const kept = new KeptBriefly<string>(1_000);
	const fail = async () => await Promise.reject(new Error('not now'));
	await expect(kept.get('a', fail)).rejects.toThrow('not now');
	await expect(kept.get('a', async () => await Promise.resolve('there'))).resolves.toBe('there');
});
