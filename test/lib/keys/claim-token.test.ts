import { randomBytes } from 'node:crypto';

import fc from 'fast-check';

import type { SealedClaim } from '../../../lib/keys/claim-token';
import {
	looksLikeToken,
	unsealToken,
	sealToken,
	storeNamedBy,
	tenantNamedBy,
} from '../../../lib/keys/claim-token';

const key = randomBytes(32);

const sealed: SealedClaim = {
	store: 'redis',
	identity: 'ab'.repeat(32),
	owner: '0123456789abcdef0123456789abcdef',
	fence: 1_790_000_000_000_001,
	naming: '0123.v1',
	remains: {
		fingerprint: 'v1:x',
		comparison: 'AbCdEf-_',
		fieldDigests: Buffer.from([1, 2, 3, 0, 255]),
		tenant: '',
		namespace: 'wf_node',
		key: 'Bestellung 7 – “ü” 🧾',
		eventAt: 1_790_000_000_000,
		claimTimeoutMs: 3_600_000,
		retentionMs: 172_800_000,
		onUnknownOutcome: 'hold',
		workflowId: 'wf',
		executionId: '42',
	},
	completeInSql: true,
};

describe('claim tokens', () => {
	it('carry a claim from Guard to Commit unchanged', () => {
		const token = sealToken(sealed, key);
		expect(looksLikeToken(token)).toBe(true);
		expect(storeNamedBy(token)).toBe('redis');
		const ofTenant = { ...sealed, remains: { ...sealed.remains, tenant: 'abc' } };
		expect([token, sealToken(ofTenant, key), 'idem1.x.y'].map(tenantNamedBy)).toEqual([
			'',
			'abc',
			'',
		]);
		expect(unsealToken(token, [key])).toEqual({ ok: true, claim: sealed });
	});

	it('are opened by an earlier key as well', () => {
		const token = sealToken(sealed, key);
		expect(unsealToken(token, [randomBytes(32), key]).ok).toBe(true);
	});

	it('are refused under another key', () => {
		const token = sealToken(sealed, key);
		expect(unsealToken(token, [randomBytes(32)])).toEqual({ ok: false, problem: 'forged' });
		expect(unsealToken(token, [])).toEqual({ ok: false, problem: 'forged' });
	});

	it('are refused once any character is changed, added or cut', () => {
		const token = sealToken(sealed, key);
		fc.assert(
			fc.property(fc.nat(token.length - 1), fc.constantFrom(...'AZaz09-_.'), (at, char) => {
				fc.pre(token[at] !== char);
				const changed = token.slice(0, at) + char + token.slice(at + 1);
				const opened = unsealToken(changed, [key]);
				// The last character of base64url carries spare bits: what decodes to the same bytes is the same token.
				const [, body, mac = ''] = changed.split('.');
				const [, trueBody, trueMac = ''] = token.split('.');
				const same =
					body === trueBody &&
					Buffer.from(mac, 'base64url').equals(Buffer.from(trueMac, 'base64url'));
				expect(opened.ok).toBe(same && changed.startsWith('idem1.'));
			}),
		);
		expect(unsealToken(token.slice(0, -1), [key]).ok).toBe(false);
		expect(unsealToken(`${token}A`, [key]).ok).toBe(false);
	});

	it('made up by a payload are refused, whatever they hold', () => {
		fc.assert(
			fc.property(fc.jsonValue(), fc.base64String(), (value, mac) => {
				const body = Buffer.from(JSON.stringify(value)).toString('base64url');
				expect(unsealToken(`idem1.${body}.${mac}`, [key]).ok).toBe(false);
			}),
		);
		for (const text of ['', 'idem1', 'idem1..', 'idem1.e30.', 'x'.repeat(1_000_000), '__proto__']) {
			expect(unsealToken(text, [key]).ok).toBe(false);
			expect(storeNamedBy(text)).toBeNull();
		}
	});
});
