import type {
	ClaimRecord,
	ClaimRequest,
	OperatorCommand,
	OwnerCommand,
	Stored,
} from '../../../lib/core/record';
import { viewOf } from '../../../lib/core/record';
import { claim, command, observe, operate } from '../../../lib/core/transitions';
import { CLAIM_TIMEOUT, LEASE, MINUTE, RETENTION, bytes } from '../../support/requests';
import {
	CLAIMED_AT,
	CLAIMS,
	CLOCK,
	COLUMNS,
	COLUMN_NAMES,
	COMMANDS,
	FENCE,
	NOW,
	OPERATIONS,
	VARIANTS,
	type Column,
	type Row,
} from './transitions-table';

const CONFLICTS: Record<string, string> = {
	'= mismatch': 'payload_mismatch',
	'= tenant': 'tenant_mismatch',
	'= in_progress': 'in_progress',
	'= unknown_outcome': 'unknown_outcome',
};

function expectClaim(cell: string, stored: Stored, request: ClaimRequest): void {
	const { next, answer } = claim(stored, request, CLOCK);
	const record = stored as ClaimRecord;
	const leaseMs = next?.state === 'pending' ? CLAIM_TIMEOUT : LEASE;
	const lease = { leaseUntil: NOW + leaseMs, expiresAt: NOW + leaseMs + RETENTION };
	const grant = {
		...{ ...lease, state: 'processing', owner: request.owner, claimedAt: NOW },
		...{ executionId: request.executionId, result: null, finishedAt: 0, reason: '' },
	};
	switch (cell) {
		case 'new':
			expect(answer).toMatchObject({ outcome: 'new', fence: CLOCK.micros, takeover: false });
			expect(next).toMatchObject({ ...grant, attempts: 1, firstSeenAt: NOW, duplicates: 0 });
			break;
		case 'refreshed':
			expect(answer).toMatchObject({ outcome: 'new', fence: FENCE, takeover: false });
			expect(next).toEqual({ ...record, ...lease });
			break;
		case 'again':
		case 'takeover':
			expect(answer).toMatchObject({
				outcome: 'new',
				fence: CLOCK.micros,
				takeover: cell === 'takeover',
			});
			expect(next).toMatchObject({ ...grant, attempts: 2, firstSeenAt: CLAIMED_AT });
			expect(next).toMatchObject({ fingerprint: record.fingerprint });
			break;
		case 'duplicate':
		case 'stored error':
			expect(record.state).toBe(cell === 'duplicate' ? 'completed' : 'failed');
			expect(answer).toMatchObject({ outcome: 'duplicate', result: record.result });
			expect(next).toEqual({ ...record, duplicates: 5 });
			break;
		default:
			expect(next).toBe(stored);
			expect(answer).toEqual({
				outcome: 'conflict',
				reason: CONFLICTS[cell],
				retryAfterMs: null,
				record: cell === '= tenant' ? null : viewOf(record),
			});
	}
	if (answer.outcome !== 'new') {
		expect(JSON.stringify(answer)).not.toMatch(/"(owner|fence|fingerprint|tenant)":/);
	}
}

function expectCommand(cell: string, stored: Stored, order: OwnerCommand): void {
	const { next, answer } = command(stored, order, CLOCK);
	const record = stored as ClaimRecord;
	const state = observe(stored, NOW);
	const view = state === 'absent' ? null : viewOf(record);
	switch (cell) {
		case 'as above':
			return;
		case '=':
		case '= kept':
		case '= released':
			expect(next).toBe(stored);
			expect(answer).toEqual({ outcome: 'kept', state, record: view });
			return;
		case '= lost':
			expect(next).toBe(stored);
			expect(answer).toEqual({ outcome: 'lost', state });
			return;
		case '= refused':
			expect(next).toBe(stored);
			expect(answer).toEqual({ outcome: 'refused' });
			return;
		case '= superseded':
			expect(next).toBe(stored);
			expect(answer).toEqual({
				outcome: 'superseded',
				reason: 'taken_over',
				current: {
					state,
					workflowId: 'workflow-1',
					executionId: 'execution of owner-a',
					fence: FENCE,
				},
			});
			return;
		case 'extended':
			expect(answer).toMatchObject({ outcome: 'done', state: record.state, recovered: false });
			expect(next).toEqual({
				...record,
				leaseUntil: NOW + LEASE,
				expiresAt: NOW + LEASE + RETENTION,
			});
			return;
	}
	const [to, recovered] = cell.split(', ');
	const finished = to === 'completed' || to === 'failed';
	expect(answer).toMatchObject({ outcome: 'done', state: to, recovered: recovered !== undefined });
	expect(next).toMatchObject({
		...{ state: to, owner: order.owner, fence: FENCE, attempts: 1, leaseUntil: NOW },
		...{ finishedAt: finished ? NOW : 0, expiresAt: NOW + RETENTION },
		result: 'result' in order ? order.result : null,
		...('statusCode' in order && { statusCode: order.statusCode, reason: order.reason }),
		notBefore: order.type === 'release' ? NOW + MINUTE : to === 'released' ? NOW : 0,
	});
}

function expectOperation(cell: string, stored: Stored, order: OperatorCommand): void {
	const { next, answer } = operate(stored, order, CLOCK);
	const record = stored as ClaimRecord;
	if (cell.startsWith('= ')) {
		expect(next).toBe(stored);
		expect(answer).toEqual({ outcome: cell.slice(2), state: observe(stored, NOW) });
		return;
	}
	expect(answer).toEqual({ outcome: 'done', state: cell === 'tombstone' ? 'absent' : cell });
	if (cell === 'tombstone') {
		const lease = Math.max(0, record.leaseUntil - NOW);
		const expiresAt = NOW + RETENTION + lease;
		expect(next).toEqual({ state: 'tombstone', fence: CLOCK.micros, expiresAt });
		return;
	}
	expect(next).toMatchObject({
		state: cell,
		fence: FENCE,
		expiresAt: NOW + RETENTION,
		notBefore: cell === 'released' ? NOW : 0,
	});
	expect(next).toMatchObject(
		cell === 'released'
			? { attempts: 0, result: null, finishedAt: 0 }
			: { attempts: 1, result: bytes(9), finishedAt: NOW, statusCode: 200, reason: 'asked' },
	);
}

describe('the table of transitions', () => {
	const eachCell = <Request>(
		rows: ReadonlyArray<Row<Request>>,
		check: (cell: string, stored: Stored, request: Request) => void,
	): void => {
		for (const [event, requests, cells] of rows) {
			describe(event, () => {
				for (const [name, column, stored] of VARIANTS) {
					const cell = cells[COLUMN_NAMES.indexOf(column)] ?? '';
					it(`on ${name}: ${cell}`, () => {
						expect(requests.length).toBeGreaterThan(0);
						for (const request of requests) check(cell, stored, request);
					});
				}
			});
		}
	};

	eachCell(CLAIMS, expectClaim);
	eachCell(COMMANDS, expectCommand);
	eachCell(OPERATIONS, (cell, stored, order) => expectOperation(cell, stored, order(stored)));

	describe('time', () => {
		const later: ReadonlyArray<[Column, Stored, ends: number, becomes: string]> = [
			['live', COLUMNS.live, NOW + LEASE, 'lapsed'],
			['lapsed', COLUMNS.lapsed, NOW + RETENTION, 'absent'],
			['unknown', COLUMNS.unknown, NOW - 10 + RETENTION, 'absent'],
			['released', COLUMNS.released, NOW - 10 + RETENTION, 'absent'],
			['completed', COLUMNS.completed, NOW - 10 + RETENTION, 'absent'],
			['failed', COLUMNS.failed, NOW - 10 + RETENTION, 'absent'],
		];
		it.each(later)('on %s', (name, stored, ends, becomes) => {
			expect(observe(stored, ends - 1)).toBe(name === 'live' ? 'processing' : name);
			expect(observe(stored, ends)).toBe(becomes);
		});
	});
});
