import { closedForSeconds, countMismatch } from '../../../nodes/IdempotentWebhook/mismatch-limits';

/** A key at which somebody guesses is closed to who guesses, and to nobody else as long as it can be helped. Times are in ms. */

let keys = 0;
const newKey = () => `key-${++keys}`;
const guess = (key: string, address: string, times: number, at = 0) => {
	for (let i = 0; i < times; i++) countMismatch(key, address, at);
};

it('is closed to an address after ten guesses within a minute, and open again after it', () => {
	const key = newKey();
	guess(key, '192.0.2.1', 9);
	expect(closedForSeconds(key, '192.0.2.1', 0)).toBeNull();
	guess(key, '192.0.2.1', 1, 30_000);
	expect(closedForSeconds(key, '192.0.2.1', 30_000)).toBe(30);
	expect(closedForSeconds(key, '192.0.2.1', 60_000)).toBeNull();
	guess(key, '192.0.2.1', 1, 60_000);
	expect(closedForSeconds(key, '192.0.2.1', 60_000)).toBeNull();
});

it('is open to another address meanwhile, and so is another key', () => {
	const key = newKey();
	guess(key, '192.0.2.1', 50);
	expect(closedForSeconds(key, '192.0.2.2', 0)).toBeNull();
	expect(closedForSeconds(newKey(), '192.0.2.1', 0)).toBeNull();
});

it('is closed to all after a hundred guesses from many addresses', () => {
	const key = newKey();
	for (let i = 0; i < 20; i++) guess(key, `192.0.2.${i}`, 5);
	expect(closedForSeconds(key, '198.51.100.1', 0)).toBe(60);
});

it('is forgotten where guesses are at very many keys, the oldest first', () => {
	const [first, ...more] = Array.from({ length: 10_001 }, newKey);
	guess(String(first), '192.0.2.1', 10);
	for (const key of more.slice(1)) guess(key, '192.0.2.1', 1);
	expect(closedForSeconds(String(first), '192.0.2.1', 0)).toBe(60);
	guess(String(more[0]), '192.0.2.1', 1);
	expect(closedForSeconds(String(first), '192.0.2.1', 0)).toBeNull();
});
