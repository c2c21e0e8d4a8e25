import { startDownstream } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, newKey } from './scenario';

let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

describe('Commit gives a request back', () => {
	const released = async (answer: { status: number; headers?: Record<string, string> }) => {
		const key = newKey();
		downstream.nextFor(key, answer);
		const json = chargeWorkflow(downstream.url, { commit: { operation: 'release' } });
		return (await engine().run(json, { triggerItems: [delivery(key)] })).hints('Commit');
	};

	test('after a success: it would be done again', async () => {
		expect(await released({ status: 200 })).toEqual([
			expect.objectContaining({
				message: expect.stringMatching(/has succeeded, .* the next delivery does it again/),
				type: 'warning',
			}),
		]);
	});

	test('after a refusal that nothing came of: no hint', async () => {
		expect(await released({ status: 429 })).toEqual([]);
	});
});
