import type { IExecuteFunctions, INode } from 'n8n-workflow';

import type { StoreKind } from '../../lib/core/store';
import type { Patience } from '../../lib/guard/patience';
import { NO_CLAIM_SQL_TOKEN } from '../../lib/keys/sql-token';
import { runViewOf } from './engine';
import { guardsBefore } from './node-types';
import { storeCredentialIdOf } from './store-credentials';
import { stores } from './stores';

/** "Observe Only" takes no expression: what a node's settings say is what it does. */
export function onlyObserves({ parameters }: Pick<INode, 'parameters'>): boolean {
	return parameters.mode === 'observe';
}

/** Whether all claims that come to this node are only watched: then nothing may stop or turn aside what it is given. */
export function isOnlyWatched(context: IExecuteFunctions): boolean {
	const nodes = runViewOf(context)?.nodes;
	if (nodes !== undefined && !Object.values(nodes).some(onlyObserves)) return false;
	const guards = guardsBefore(context);
	return guards.length > 0 && guards.every(({ observes }) => observes);
}

/** "PostgreSQL: Complete in SQL" takes no expression either. */
export function asksForSqlToken({ parameters }: Pick<INode, 'parameters'>): boolean {
	const options = (parameters.options ?? {}) as { completeInSql?: unknown };
	return parameters.store === 'postgres' && options.completeInSql === true;
}

/** For the statement of an item that goes on without a claim, or is only watched: it must not fail for want of a token. */
export function sqlTokenWithoutClaim(node: INode): { readonly sqlToken?: string } {
	return asksForSqlToken(node) ? { sqlToken: NO_CLAIM_SQL_TOKEN } : {};
}

/** One for all who ask the same store. */
export function patienceWith(node: INode): Patience {
	return stores.patienceWith(node.parameters.store as StoreKind, storeCredentialIdOf(node));
}
