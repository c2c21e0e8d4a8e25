import { writeRedacted } from '../../../lib/results/redaction';
import type { WritableItem } from '../../../lib/results/redaction';

const options = { redactFields: [], outputField: 'idempotency', maxLength: 1 << 20 };

function written(json: object, redactFields: string[] = []): unknown {
	const result = writeRedacted([{ json }], { ...options, redactFields });
	if (!result.ok) throw new Error(result.problem);
	return (JSON.parse(result.text) as WritableItem[])[0]?.json;
}

function nested(depth: number, end: unknown): object {
	let value: object = { end };
	for (let level = 0; level < depth; level++) value = level % 2 ? { a: value } : { a: [value] };
	return value;
}

class NodeApiErrorLike extends Error {
	httpCode = '402';

	code = 'card_declined';

	context = { request: { headers: { authorization: 'Bearer hidden' } } };

	node = { credentials: 'hidden' };
}

describe('what is written', () => {
	it('is what JSON.stringify writes', () => {
		const json = {
			zero: 0,
			no: false,
			none: null,
			text: '',
			list: [],
			object: {},
			gap: [undefined, () => 1, Symbol('s'), NaN, Infinity],
			left: undefined,
			out: () => 1,
			date: new Date(0),
			text2: 'é "\\\n\u2028 \ud800 🙂',
			map: new Map([[1, 2]]),
			float: 1.5e300,
			'': { '': 1 },
			buffer: Buffer.from('ab'),
			keyed: { toJSON: (key: string) => `at ${key}` },
			gone: { toJSON: () => undefined },
		};
		const result = writeRedacted([{ json }, { json: {} }], options);
		expect(result).toEqual({ ok: true, text: JSON.stringify([{ json }, { json: {} }]) });
	});

	it('keeps own __proto__, constructor and toString keys as data', () => {
		const json = JSON.parse(
			'{"__proto__":{"a":1},"constructor":2,"x":{"__proto__":null}}',
		) as object;
		const result = writeRedacted([{ json }], options);
		expect(result).toEqual({ ok: true, text: `[{"json":${JSON.stringify(json)}}]` });
	});

	it('turns a BigInt into its digits', () => {
		expect(written({ id: 2n ** 64n })).toEqual({ id: '18446744073709551616' });
	});

	it('is not more of an item than json and binary', () => {
		const item = {
			json: { a: 1 },
			binary: { f: { data: '', mimeType: 'x' } },
			pairedItem: 3,
			error: 4,
		};
		expect(writeRedacted([item], options)).toEqual({
			ok: true,
			text: '[{"json":{"a":1},"binary":{"f":{"data":"","mimeType":"x"}}}]',
		});
	});

	it('goes 200,000 levels deep, and redacts there', () => {
		const result = writeRedacted([{ json: nested(200_000, { Cookie: 'hidden', b: 1 }) }], {
			...options,
			maxLength: 1 << 25,
		});
		expect(result.ok && result.text).toContain('{"end":{"b":1}}');
		expect(result.ok && result.text).not.toContain('hidden');
	});

	it('cuts a cycle, and writes a shared value each time', () => {
		const shared = { s: 1 };
		const json: Record<string, unknown> = { first: shared, second: [shared] };
		json.self = json;
		expect(written(json)).toEqual({
			first: shared,
			second: [shared],
			self: '[Circular Reference]',
		});
	});
});

describe('what is removed', () => {
	it.each(['authorization', 'Cookie', 'SET-COOKIE', 'Proxy-Authorization', 'X-Api-Key'])(
		'%s, at any depth',
		(name) => {
			const json = { [name]: 'hidden', list: [[{ [name]: ['hidden'], kept: 1 }]], other: name };
			expect(written(json)).toEqual({ list: [[{ kept: 1 }]], other: name });
		},
	);

	it('listed fields, whatever their case and the spaces around', () => {
		const json = { PassWord: 1, a: { password: { deep: 1 } }, passwords: 2, iban: 3 };
		expect(written(json, [' password ', 'IBAN'])).toEqual({ a: {}, passwords: 2 });
	});

	it('the Guard’s field on top, and only there', () => {
		const json = { idempotency: { token: 'hidden' }, body: { idempotency: 'kept' } };
		expect(written(json)).toEqual({ body: { idempotency: 'kept' } });
		const renamed = writeRedacted([{ json }], { ...options, outputField: 'claim' });
		expect(renamed.ok && renamed.text).toContain('"token":"hidden"');
	});

	it('nothing from binary data, whose names are the user’s', () => {
		const binary = { cookie: { data: 'YQ==', mimeType: 'text/plain', error: { a: 1 } } };
		const result = writeRedacted([{ json: {}, binary }], options);
		expect(result.ok && result.text).toContain(JSON.stringify(binary));
	});

	it('all of an error but message, name, code and status', () => {
		const error = new NodeApiErrorLike('declined');
		expect(written({ error, deep: [{ cause: error }] })).toEqual({
			error: { message: 'declined', name: 'Error', code: 'card_declined', status: 402 },
			deep: [{ cause: { message: 'declined', name: 'Error', code: 'card_declined', status: 402 } }],
		});
	});

	it('all of a serialized error: as json.error, and deeper where it has a stack', () => {
		const error = { message: 'm', name: 'n', code: 'c', status: 500, stack: 's', config: { a: 1 } };
		const kept = { message: 'm', name: 'n', code: 'c', status: 500 };
		expect(written({ error, data: { error } })).toEqual({ error: kept, data: { error: kept } });
		expect(written({ error: { message: 'm', config: {}, code: { a: 1 } } })).toEqual({
			error: { message: 'm' },
		});
	});

	it('nothing of a service’s own error body in a full response', () => {
		const json = { statusCode: 402, body: { error: { type: 'card_error', decline_code: 'x' } } };
		expect(written(json)).toEqual(json);
	});

	it('keeps an error that is text or a list as it is', () => {
		expect(written({ error: 'text' })).toEqual({ error: 'text' });
		expect(written({ error: [{ a: 1 }] })).toEqual({ error: [{ a: 1 }] });
	});

	it('never reads what lies behind an error', () => {
		const touched: string[] = [];
		const error = new Proxy(new Error('m'), {
			get: (target, name) => {
				touched.push(String(name));
				return Reflect.get(target, name) as unknown;
			},
		});
		written({ error });
		expect(touched.filter((name) => /request|config|response|cause|stack/.test(name))).toEqual([]);
	});
});

describe('what cannot be written', () => {
	const cases: Array<[string, unknown]> = [
		['a getter that throws', Object.defineProperty({}, 'a', { enumerable: true, get: thrower })],
		['a toJSON that throws', { a: { toJSON: thrower } }],
		['a revoked proxy', { a: revoked() }],
		['json that is a list', []],
		['json that is missing', undefined],
	];
	it.each(cases)('%s is a typed answer', (_name, json) => {
		expect(writeRedacted([{ json: json as object }], options)).toEqual({
			ok: false,
			problem: 'unserializable',
		});
	});

	it('stops early at what never ends or is huge', () => {
		const endless = (): object => ({ toJSON: () => ({ next: endless() }) });
		for (const json of [endless(), { a: new Array(1e9) }, { a: 'x'.repeat((1 << 20) + 1) }]) {
			expect(writeRedacted([{ json }], options)).toEqual({ ok: false, problem: 'too_large' });
		}
	});
});

it('never changes its input', () => {
	const freeze = <T extends object>(value: T): T => {
		Object.values(value).forEach(
			(each) => each !== null && typeof each === 'object' && freeze(each),
		);
		return Object.freeze(value);
	};
	const json = freeze({
		cookie: 'c',
		idempotency: { a: 1 },
		list: [{ authorization: 1 }],
		error: { x: 1 },
	});
	const before = JSON.stringify(json);
	written(json, ['list']);
	expect(JSON.stringify(json)).toBe(before);
});

function thrower(): never {
	throw new Error('hostile');
}

function revoked(): object {
	const { proxy, revoke } = Proxy.revocable({}, {});
	revoke();
	return proxy;
}

describe('claim tokens', () => {
	const token = 'idem1.WyJh.bWFj';

	it('never stay, at any depth: neither alone nor with what the Guard says around them', () => {
		const details = { outcome: 'new', token, fence: 7 };
		const rest = {
			text: `see ${token}`,
			token: 'idem1',
			fence: 1,
			list: [null, 1],
			object: { fence: 2 },
		};
		const json = {
			guarded: details,
			data: [{ id: 1, idempotency: details }, token],
			of: { token },
			...rest,
		};
		expect(written(json)).toEqual({ data: [{ id: 1 }, null], of: {}, ...rest });
	});
});
