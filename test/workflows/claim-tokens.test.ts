import { RedisServer } from '../support/redis-server';
import { javascript } from '../support/engine';
import { engineOn, onRedis } from './on-redis';
import { chargeWorkflow, delivery, detailsOf, newKey } from './scenario';
import type { ChargeParts } from './scenario';

let server: RedisServer;
beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());

const OLD = { secret: 'the first secret' };
const NEW = { secret: 'the second secret' };
const ROTATED = { secret: NEW.secret, previousSecret: OLD.secret };
type Secrets = { secret?: string; previousSecret?: string; keyPrefix?: string };

/** Redis remembers which secret the records of a key prefix are made with. */
let prefixes = 0;
const nextPrefix = () => ({ keyPrefix: `own${++prefixes}` });
const prefix = () => ({ keyPrefix: `own${prefixes}` });
beforeEach(nextPrefix);

const sendWith = async (secrets: Secrets, key: string, parts: ChargeParts = {}) =>
	await engineOn(server, { ...prefix(), ...secrets }).run(chargeWorkflow('', onRedis(parts)), {
		triggerItems: [delivery(key)],
	});

describe('Commit refuses a claim token', () => {
	/** A token of an open claim, as the Guard gave it. */
	async function tokenOf(secrets: Secrets, of: RedisServer = server, parts: ChargeParts = {}) {
		const stopped = javascript('Act', () => {
			throw new Error('stops here');
		});
		const json = chargeWorkflow('', onRedis({ ...parts, act: [stopped] }));
		const key = newKey();
		const n8n = engineOn(of, { ...prefix(), ...secrets });
		const result = await n8n.run(json, { triggerItems: [delivery(key)] });
		return { token: String(detailsOf(result, 'Guard').token), key };
	}
	const commitWith = async (secrets: Secrets, claim: string) => {
		const key = newKey();
		const act = javascript('Act', () => [{ json: { id: 'forged' }, pairedItem: 0 }]);
		return await sendWith(secrets, key, { act: [act], commit: { options: { claim } } });
	};
	const foreign = 'The claim token is not from this store';

	test('of another secret', async () => {
		const { token, key } = await tokenOf(OLD);
		const refused = await commitWith({ ...NEW, keyPrefix: 'another' }, token);
		expect(refused.error?.message).toBe(foreign);
		expect(refused.error?.description).toMatch(/another store or secret/);
		expect(detailsOf(await sendWith(OLD, key), 'Conflict').reason).toBe('unknown_outcome');
		const accepted = await commitWith(ROTATED, token);
		expect(accepted.json('Committed')).toEqual([{ id: 'forged' }]);
	});

	test('of a store without a secret, and of one with', async () => {
		for (const [one, other] of [
			[{}, OLD],
			[OLD, {}],
		]) {
			const { token } = await tokenOf(one ?? {});
			nextPrefix();
			expect((await commitWith(other ?? {}, token)).error?.message).toBe(foreign);
			nextPrefix();
		}
	});

	test('of another server', async () => {
		const other = await RedisServer.start();
		try {
			const { token } = await tokenOf({}, other);
			expect((await commitWith({}, token)).error?.message).toBe(foreign);
		} finally {
			await other.stop();
		}
	});

	test('of another workflow', async () => {
		const { token } = await tokenOf(OLD, server, { id: 'another-workflow' });
		expect((await commitWith(OLD, token)).error?.message).toBe(
			'The claim token belongs to another workflow',
		);
	});

	test('of which any character was changed', async () => {
		const { token, key } = await tokenOf(OLD);
		const places = Array.from({ length: 24 }, (_, n) => Math.floor((n * (token.length - 1)) / 24));
		for (const at of places) {
			const changed = `${token.slice(0, at)}${token[at] === 'B' ? 'C' : 'B'}${token.slice(at + 1)}`;
			const refused = await commitWith(OLD, changed);
			expect([at, refused.status]).toEqual([at, 'error']);
			expect(refused.json('Committed')).toEqual([]);
		}
		expect(detailsOf(await sendWith(OLD, key), 'Conflict').reason).toBe('unknown_outcome');
	});
});
