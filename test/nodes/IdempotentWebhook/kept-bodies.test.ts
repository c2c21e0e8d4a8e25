import { keepBody } from '../../../nodes/IdempotentWebhook/kept-bodies';

const MB = 1024 * 1024;

test('one tenant keeps half of the bytes, and leaves the others to the rest; nothing is left over', () => {
	const all = (tenant: string) => Array.from({ length: 20 }, () => keepBody(MB, tenant));
	const kept = (bodies: ReadonlyArray<{ isKept: boolean }>) =>
		bodies.filter(({ isKept }) => isKept).length;
	for (let round = 0; round < 2; round++) {
		const noisy = all('noisy');
		const other = all('other');
		expect([kept(noisy), kept(other)]).toEqual([8, 8]);
		for (const each of [...noisy, ...other, ...noisy]) each.release();
		const without = all('');
		expect(kept(without)).toBe(16);
		for (const each of without) each.release();
	}
});
