import type { ClaimAnswer, ClaimRequest, OwnerAnswer, OwnerCommand } from '../core/record';
import type { Reply } from '../core/reply';
import { type AskBatch, JoinedCalls } from './joined-calls';

/** About how many bytes a record's fields are, without its result. */
const FIELDS_BYTES = 600;

export interface JoinedAsk {
	readonly claims: AskBatch<ClaimRequest, ClaimAnswer>;
	readonly commands: AskBatch<OwnerCommand, OwnerAnswer>;
	/** Of one batch that calls are joined to. */
	readonly items: number;
	readonly bytes: number;
	/** Batches of a kind that are under way at once. */
	readonly atOnce: number;
	/** So many go while more are made: see JoinLimits. */
	readonly begins?: number;
}

/**
 * Claims and commands of a store, joined. What would hold up others goes apart: renewals wait neither for results to be written nor for
 * a claim that got stuck, and claims with budgets, which take several steps, are not joined to those without.
 */
export class JoinedRequests {
	private readonly claims: JoinedCalls<ClaimRequest, ClaimAnswer>;

	private readonly budgeted: JoinedCalls<ClaimRequest, ClaimAnswer>;

	private readonly commands: JoinedCalls<OwnerCommand, OwnerAnswer>;

	private readonly renewals: JoinedCalls<OwnerCommand, OwnerAnswer>;

	constructor(ask: JoinedAsk) {
		const { items, bytes, atOnce, begins } = ask;
		const claims = { items, bytes, atOnce, begins, sizeOf: () => FIELDS_BYTES };
		const commands = { items, bytes, atOnce, begins, sizeOf: sizeOfCommand };
		this.claims = new JoinedCalls(ask.claims, claims);
		this.budgeted = new JoinedCalls(ask.claims, claims);
		this.commands = new JoinedCalls(ask.commands, commands);
		this.renewals = new JoinedCalls(ask.commands, commands);
	}

	async claim(requests: readonly ClaimRequest[]): Promise<Array<Reply<ClaimAnswer>>> {
		const haveBudgets = requests.some(({ budget }) => budget !== undefined);
		return await (haveBudgets ? this.budgeted : this.claims).call(requests);
	}

	async command(orders: readonly OwnerCommand[]): Promise<Array<Reply<OwnerAnswer>>> {
		const areRenewals = orders.every(({ type }) => type === 'renew');
		return await (areRenewals ? this.renewals : this.commands).call(orders);
	}
}

/** About how many bytes an order is. */
export function sizeOfCommand(order: OwnerCommand): number {
	if (order.type === 'deposit') return FIELDS_BYTES + order.request.length;
	return FIELDS_BYTES + ('result' in order ? (order.result?.length ?? 0) : 0);
}
