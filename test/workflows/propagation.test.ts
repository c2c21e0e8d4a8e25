import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { partsOfKsuid } from '../support/ksuid';
import { startDownstream } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, newKey } from './scenario';

/** The table of docs/propagation.md: each row is sent as it says, and fits. */

interface Row {
	readonly service: string;
	readonly where: string;
	readonly value: string;
	readonly atMost: number;
}

const text = readFileSync(join(__dirname, '../../docs/propagation.md'), 'utf8');
const rows = text
	.slice(text.indexOf('| service |'), text.indexOf('## Settings'))
	.split('\n')
	.slice(2)
	.filter((line) => line.startsWith('|'))
	.map((line): Row => {
		const [, service = '', where = '', value = '', atMost = ''] = line
			.split('|')
			.map((cell) => cell.trim());
		return { service, where, value, atMost: parseInt(atMost, 10) || Infinity };
	});

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

/** What two tries of a request sent: the first was refused for now. */
async function sentBy({ where, value }: Row): Promise<unknown[]> {
	const name = /`([^`]+)`/.exec(where)?.[1] ?? '';
	const expression = /`([^`]+)`/.exec(value)?.[1] ?? '';
	const field = `={{ { ${JSON.stringify(name)}: ${asJavaScript(expression)} } }}`;
	const key = newKey();
	const before = downstream.requests.length;
	downstream.next({ status: 429, headers: { 'retry-after': '0' } });
	const workflow = chargeWorkflow(downstream.url, {
		charge: where.startsWith('header') ? { headers: field } : { body: field },
	});
	for (let tries = 0; tries < 3; tries++) {
		await n8n.run(workflow, { triggerItems: [delivery(key)] });
	}
	return downstream.requests
		.slice(before)
		.map(({ headers, body }) =>
			where.startsWith('header')
				? headers[name.toLowerCase()]
				: (body as Record<string, unknown>)[name],
		);
}

/** An expression of the table, as a part of a larger one. */
function asJavaScript(expression: string): string {
	const inner = /^("?)\{\{ (.+) \}\}\1$/.exec(expression);
	return inner?.[1] === '"' ? `'"' + ${inner[2]} + '"'` : (inner?.[2] ?? '');
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('the table has the services that its readers look for', () => {
	expect(rows.map(({ service }) => service)).toEqual(
		expect.arrayContaining(['Stripe', 'Square', 'Adyen', 'PayPal']),
	);
});

test.each(rows)('$service: $where gets $value, the same at every try', async (row) => {
	const [first, second, ...others] = await sentBy(row);
	expect(others).toEqual([]);
	expect(second).toBe(first);
	const sent = String(first);
	expect(sent.length).toBeLessThanOrEqual(row.atMost);
	if (row.value.includes('hash')) expect(sent).toMatch(/^[0-9a-f]{64}$/);
	if (row.value.includes('ksuid')) expect(partsOfKsuid(sent).timeMs).toBeGreaterThan(0);
	if (row.value.startsWith('`"')) {
		// RFC 8941, section 3.3.3: a string in quotes, with nothing in it that needs an escape.
		expect(sent).toMatch(/^"[\x20-\x21\x23-\x5b\x5d-\x7e]*"$/);
		expect(sent.slice(1, -1)).toMatch(UUID);
	} else if (row.value.includes('uuid')) expect(sent).toMatch(UUID);
});
