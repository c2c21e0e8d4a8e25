import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import type { INodeExecutionData } from 'n8n-workflow';
import { RedisServer } from '../support/redis-server';
import { javascript, webhookItem } from '../support/engine';
// After the harness, which says where n8n keeps its files.
import { BinaryDataService } from 'n8n-core';
import { engine } from './nodes';
import { engineOn, onRedis } from './on-redis';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** Results that are files, in n8n's own storage on disk or in the item. */

const requireAsCore = createRequire(require.resolve('n8n-core'));
const { Container } = requireAsCore('@n8n/di') as typeof import('@n8n/di');

interface Storage {
	store(
		location: { type: 'execution'; workflowId: string; executionId: string },
		content: Buffer,
		metadata: { mimeType: string; fileName: string },
	): Promise<{ fileId: string }>;
	getAsBuffer(fileId: string): Promise<Buffer>;
	getAsStream(fileId: string): Promise<unknown>;
}
let storage: Storage;
let server: RedisServer;
beforeAll(async () => {
	const service = Container.get(BinaryDataService);
	await service.init();
	storage = (service as unknown as { managers: Record<string, Storage> }).managers[
		'filesystem-v2'
	] as Storage;
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());
afterEach(() => jest.restoreAllMocks());

const described = { mimeType: 'application/pdf', fileName: 'receipt.pdf', fileExtension: 'pdf' };
const inItem = (content: Buffer): INodeExecutionData => ({
	json: { paid: true },
	binary: { receipt: { ...described, data: content.toString('base64') } },
});
async function onDisk(content: Buffer, bytes?: number): Promise<INodeExecutionData> {
	const location = { type: 'execution', workflowId: 'w', executionId: 'e' } as const;
	const { fileId } = await storage.store(location, content, described);
	const file = { ...described, data: 'filesystem-v2', id: `filesystem-v2:${fileId}` };
	const told = bytes === undefined ? {} : { bytes };
	return { json: { paid: true }, binary: { receipt: { ...file, ...told } } };
}

async function twice(items: INodeExecutionData[], parts: ChargeParts = {}, n8n = engine()) {
	const act = javascript('Act', () => items.map((item) => ({ ...item, pairedItem: 0 })));
	const json = chargeWorkflow('', { ...parts, act: [act] });
	const triggerItems = [delivery(newKey())];
	const first = await n8n.run(json, { triggerItems });
	expect(first.error?.message).toBeUndefined();
	return { first, second: await n8n.run(json, { triggerItems }) };
}
const contentOf = (item: INodeExecutionData | undefined) =>
	Buffer.from(item?.binary?.receipt?.data ?? '', 'base64');

describe('up to the limit', () => {
	const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
	const contents: Array<[string, Buffer]> = [
		['every byte', every],
		['one byte', Buffer.of(0)],
		['none', Buffer.alloc(0)],
		['700 KB that do not compress', randomBytes(700_000)],
		['8 MB that do', Buffer.alloc(8_000_000, 'text ')],
	];

	test.each(contents)('%s: replayed byte for byte, from the item', async (_name, content) => {
		const { second } = await twice([inItem(content)]);
		const [replayed] = second.items('Duplicate');
		expect(replayed?.json).toEqual({ paid: true });
		expect(replayed?.binary?.receipt).toMatchObject(described);
		expect(contentOf(replayed).equals(content)).toBe(true);
	});

	test.each(contents.filter(([, content]) => content.length > 0))(
		'%s: from n8n’s own storage',
		async (_name, content) => {
			const { second } = await twice([await onDisk(content)]);
			const [replayed] = second.items('Duplicate');
			expect(contentOf(replayed).equals(content)).toBe(true);
			expect(replayed?.binary?.receipt).not.toHaveProperty('id');
		},
	);

	test('on Redis, encrypted', async () => {
		const content = randomBytes(300_000);
		const n8n = engineOn(server, { secret: 'of the credential' });
		const { second } = await twice([inItem(content)], onRedis(), n8n);
		expect(contentOf(second.items('Duplicate')[0]).equals(content)).toBe(true);
	});
});

describe('over the limit', () => {
	const tooLarge = /larger than the limit of 1024 KB/;

	test('completed without the file, and said so on both sides', async () => {
		const { first, second } = await twice([inItem(randomBytes(1_100_000))]);
		expect(first.counts('Commit')).toEqual([1, 0]);
		expect(first.hints('Commit')[0]?.message).toMatch(tooLarge);
		expect(routed(second)).toEqual([0, 1, 0, 0]);
		expect(detailsOf(second, 'Duplicate')).toMatchObject({ state: 'completed', resultItems: 0 });
	});

	test('a file that is far over it is not even read', async () => {
		const read = jest.spyOn(storage, 'getAsStream');
		const { first, second } = await twice([await onDisk(Buffer.alloc(13_000_000))]);
		expect(first.hints('Commit')[0]?.message).toMatch(tooLarge);
		expect(routed(second)).toEqual([0, 1, 0, 0]);
		expect(read).not.toHaveBeenCalled();
		await twice([await onDisk(Buffer.from('small'))]);
		expect(read).toHaveBeenCalledTimes(1);
	});

	test('several files count together', async () => {
		const read = jest.spyOn(storage, 'getAsBuffer');
		const items = await Promise.all(
			Array.from({ length: 4 }, async () => await onDisk(Buffer.alloc(4_000_000))),
		);
		const { first } = await twice(items);
		expect(first.hints('Commit')[0]?.message).toMatch(tooLarge);
		expect(read).not.toHaveBeenCalled();
	});

	test('where nothing of a file is kept, its size does not count', async () => {
		const huge = await onDisk(Buffer.alloc(13_000_000));
		const { second } = await twice([huge], { commit: { result: 'fields', resultFields: 'paid' } });
		expect(second.json('Duplicate')).toEqual([{ paid: true }]);
	});
});

test('the Guard reads a stored file piece by piece, and knows it for the same in an item', async () => {
	const read = jest.spyOn(storage, 'getAsBuffer');
	const content = randomBytes(3_000_000);
	const act = javascript('Act', (items) => items);
	const parts = { guard: { keySource: 'payload' }, commit: { result: 'none' }, act: [act] };
	const { json: upload } = webhookItem({ body: { upload: newKey() } });
	const send = async ({ binary }: INodeExecutionData) =>
		await engine().run(chargeWorkflow('', parts), { triggerItems: [{ json: upload, binary }] });
	expect(routed(await send(await onDisk(content)))).toEqual([1, 0, 0, 0]);
	expect(read).not.toHaveBeenCalled();
	expect(routed(await send(inItem(content)))).toEqual([0, 1, 0, 0]);
	expect(routed(await send(await onDisk(content)))).toEqual([0, 1, 0, 0]);
	expect(routed(await send(await onDisk(content.subarray(1))))).toEqual([1, 0, 0, 0]);
});

test('an upload that n8n has lost is an error of its item: nothing is let through unchecked', async () => {
	const { binary } = await onDisk(Buffer.from('here'));
	const lost = { receipt: { ...binary?.receipt, id: 'filesystem-v2:lost' } };
	const act = javascript('Act', (items) => items);
	const json = chargeWorkflow('', { guard: { keySource: 'payload' }, act: [act] });
	const item = { ...webhookItem({ body: { a: 1 } }), binary: lost } as INodeExecutionData;
	const result = await engine().run(json, { triggerItems: [delivery(newKey()), item] });
	expect(result.status).toBe('error');
	expect(result.error?.context).toMatchObject({ itemIndex: 1 });
	expect(result.tasks('Act')).toEqual([]);
});

test('a file that cannot be read: the request counts as handled all the same', async () => {
	const file = await onDisk(Buffer.from('here'));
	const gone = { ...file.binary?.receipt, id: 'filesystem-v2:gone' } as NonNullable<
		INodeExecutionData['binary']
	>[string];
	const { first, second } = await twice([{ json: { paid: true }, binary: { receipt: gone } }]);
	expect(first.counts('Commit')).toEqual([1, 0]);
	expect(first.hints('Commit')[0]?.message).toMatch(/a file of it could not be read/);
	expect(routed(second)).toEqual([0, 1, 0, 0]);
	expect(detailsOf(second, 'Duplicate')).toMatchObject({ state: 'completed', resultItems: 0 });
});
