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
import { readContract } from './contract-table';
import {
	CLAIMED_AT,
	CLAIMS,
	CLOCK,
	COLUMNS,
	COMMANDS,
	FENCE,
	NOW,
	OPERATIONS,
	VARIANTS,
	isGivenBack,
} from './transitions-table';

const SHOWN_OF_NEVER_BEGAN = {
	state: 'released',
	attempts: 0,
	reason: 'The run that was accepted before never began',
};

/** What a refused caller may see. */
function shown(stored: ClaimRecord) {
	const view = viewOf(stored);
	if (!isGivenBack(stored)) return view;
	return stored.takeover ? { ...view, attempts: 0 } : { ...view, ...SHOWN_OF_NEVER_BEGAN };
}

function expectClaim(cell: string, stored: Stored, request: ClaimRequest): void {
	const { next, answer } = claim(stored, request, CLOCK);
	const record = stored as ClaimRecord;
	const lease = { leaseUntil: NOW + LEASE, expiresAt: NOW + LEASE + RETENTION };
	const grant = {
		...lease,
		state: 'processing',
		owner: request.owner,
		claimedAt: NOW,
		believedUntil: NOW + RETENTION,
		executionId: request.executionId,
		result: null,
		finishedAt: 0,
	};
	switch (cell) {
		case 'new':
			expect(answer).toMatchObject({ outcome: 'new', fence: CLOCK.micros, takeover: false });
			expect(next).toMatchObject({ ...grant, attempts: 1, firstSeenAt: NOW, duplicates: 0 });
			expect(next).toMatchObject({ reason: '', takeover: false });
			break;
		case 'lease started again':
		case '= the same claim': {
			// A pending claim that took over and was not started in time is granted as to any other.
			if (isGivenBack(stored)) return expectClaim(asOther(request), stored, request);
			const { takeover } = record;
			expect(answer).toMatchObject({ outcome: 'new', fence: FENCE, takeover });
			if (cell === '= the same claim') expect(next).toBe(stored);
			else expect(next).toEqual({ ...record, ...lease });
			break;
		}
		case 'again':
		case 'anew':
		case 'takeover': {
			const takeover = cell === 'takeover';
			expect(answer).toMatchObject({ outcome: 'new', fence: CLOCK.micros, takeover });
			expect(next).toMatchObject({ ...grant, takeover, firstSeenAt: CLAIMED_AT });
			expect(next).toMatchObject({ attempts: isGivenBack(stored) ? 1 : 2 });
			const began = !isGivenBack(stored);
			expect(next).toMatchObject({ reason: began ? '' : SHOWN_OF_NEVER_BEGAN.reason });
			const compares = request.fingerprint !== '';
			expect(next).toMatchObject({
				fingerprint: compares ? request.fingerprint : record.fingerprint,
				comparison: compares ? request.comparison : record.comparison,
			});
			break;
		}
		case 'duplicate':
			expect(answer).toMatchObject({ outcome: 'duplicate', result: record.result });
			expect(next).toEqual({ ...record, duplicates: 5 });
			break;
		default:
			expect(cell).toMatch(/^= /);
			expect(next).toBe(stored);
			expect(answer).toEqual({
				outcome: 'conflict',
				reason: cell.slice(2),
				retryAfterMs: null,
				record: cell === '= tenant_mismatch' ? null : shown(record),
			});
	}
	if (answer.outcome !== 'new') {
		expect(JSON.stringify(answer)).not.toMatch(
			/"(owner|fence|fingerprint|comparison|tenant|believedUntil)":/,
		);
	}
}

const asOther = ({ onUnknownOutcome }: ClaimRequest) =>
	onUnknownOutcome === 'hold' ? '= unknown_outcome' : 'takeover';

function expectCommand(cell: string, stored: Stored, order: OwnerCommand): void {
	const { next, answer } = command(stored, order, CLOCK);
	const record = stored as ClaimRecord;
	const state = observe(stored, NOW);
	if (cell.startsWith('= ')) expect(next).toBe(stored);
	switch (cell) {
		case 'as above':
			return;
		case '= kept': {
			expect(answer).toEqual({ outcome: 'kept', state });
			return;
		}
		case '= lost':
			expect(answer).toEqual({ outcome: 'lost', state });
			return;
		case '= refused':
			expect(answer).toEqual({ outcome: 'refused' });
			return;
		case '= superseded': {
			const { workflowId, executionId } = record;
			expect(answer).toEqual({
				outcome: 'superseded',
				reason: 'taken_over',
				current: { state, workflowId, executionId, fence: FENCE },
			});
			return;
		}
		case 'longer lease':
			// A claim that was never started has no lease that could be longer.
			if (isGivenBack(stored)) return expectCommand('= lost', stored, order);
			expect(answer).toMatchObject({ outcome: 'done', state: record.state, recovered: false });
			expect(next).toEqual({
				...record,
				leaseUntil: NOW + LEASE,
				expiresAt: NOW + LEASE + RETENTION,
			});
			return;
		case 'processing':
			expect(answer).toMatchObject({ outcome: 'done', state: 'processing', recovered: false });
			expect(next).toEqual({
				...record,
				state: 'processing',
				leaseUntil: NOW + LEASE,
				expiresAt: NOW + LEASE + RETENTION,
				executionId: order.type === 'start' ? order.executionId : '',
			});
			return;
		case 'request kept':
			expect(answer).toMatchObject({ outcome: 'done', state: 'pending', recovered: false });
			expect(next).toEqual({ ...record, result: bytes(6) });
			return;
	}
	const [said, recovered] = cell.split(', ');
	const to = said === 'x' && order.type === 'abandon' ? order.to : said;
	const finished = to === 'completed' || to === 'failed';
	expect(answer).toMatchObject({ outcome: 'done', state: to, recovered: recovered !== undefined });
	expect(next).toMatchObject({
		state: to,
		owner: order.owner,
		fence: FENCE,
		attempts: 1,
		leaseUntil: NOW,
		finishedAt: finished ? NOW : 0,
		expiresAt: NOW + RETENTION,
		believedUntil: CLAIMED_AT + RETENTION,
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

describe('the table of docs/contract.md', () => {
	const { columns, rows } = readContract();

	it('has the columns and the rows that are tested, and no others', () => {
		expect(columns).toEqual(Object.keys(COLUMNS));
		const events = [CLAIMS, COMMANDS, OPERATIONS].flatMap((each) => Object.keys(each));
		expect(rows.map(({ event }) => event)).toEqual([...events, 'time']);
	});

	for (const { event, cells } of rows) {
		if (event === 'time') continue;
		describe(event, () => {
			for (const [name, column, stored] of VARIANTS) {
				const cell = cells.get(column) ?? '';
				it(`on ${name}: ${cell}`, () => {
					for (const request of CLAIMS[event] ?? []) expectClaim(cell, stored, request);
					for (const order of COMMANDS[event] ?? []) expectCommand(cell, stored, order);
					const orderFor = OPERATIONS[event];
					if (orderFor !== undefined) expectOperation(cell, stored, orderFor(stored));
				});
			}
		});
	}

	describe('time', () => {
		const shownAs: Record<string, string> = { 'never began': 'released' };
		const ends: Record<string, number> = {
			pending: CLAIMED_AT + CLAIM_TIMEOUT,
			processing: NOW + LEASE,
			lapsed: NOW + RETENTION,
			'never began': NOW + RETENTION,
		};
		const time = rows.at(-1)?.cells ?? new Map<string, string>();
		it.each(Object.entries(COLUMNS).slice(1))('on %s', (name, stored) => {
			const end = ends[name] ?? NOW - 10 + RETENTION;
			const becomes = time.get(name) ?? '';
			expect(observe(stored, end - 1)).toBe(shownAs[name] ?? name);
			expect(observe(stored, end)).toBe(shownAs[becomes] ?? becomes);
		});
	});
});
