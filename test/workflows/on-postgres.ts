import type { INodeParameters } from 'n8n-workflow';

import { stores } from '../../nodes/shared/stores';
import type { PostgresServer } from '../support/postgres-server';
import { engine } from './nodes';
import type { ChargeParts } from './scenario';

/** Workflows on a real PostgreSQL. */

// Before its server ends: what a store still has to write would be tried again when jest has left the test.
afterAll(async () => await stores.close());

const credentials = { idempotencyPostgresApi: { id: '1', name: 'PostgreSQL' } };

/** The same workflow with both nodes on PostgreSQL. */
export const onPostgres = (parts: ChargeParts = {}): ChargeParts => ({
	...parts,
	guard: { store: 'postgres', ...parts.guard } as INodeParameters,
	commit: { store: 'postgres', ...parts.commit } as INodeParameters,
	guardSettings: { credentials, ...parts.guardSettings },
	commitSettings: { credentials, ...parts.commitSettings },
});

/** n8n with this credential for the server. */
export const engineOnPostgres = (
	server: PostgresServer,
	credential: Record<string, string | number | boolean> = {},
) =>
	engine({
		credentials: { idempotencyPostgresApi: { ...server.options, ...credential } },
	});
